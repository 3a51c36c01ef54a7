"""Wormhole's VAA: a message of one emitter with the signatures of guardians (version 1; Wormhole's `Messages.parseVM`)."""

from dataclasses import dataclass
from typing import Self

from eth_utils.crypto import keccak

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.byte_reader import ByteReader

_VERSION = 1
_SIGNATURE_BYTES = 65
_TIMES_BYTES = 8
"""Timestamp and nonce, which say nothing about a price."""
_CONSISTENCY_BYTES = 1


@dataclass(frozen=True, slots=True)
class Emitter:
    """Who speaks: Wormhole's number of a chain, and an account on it (32 bytes)."""

    chain: int
    address: bytes


PYTHNET = Emitter(26, bytes.fromhex("e101faedac5851e32b9b23b5f9411a8c2bac4aae3ed4dd7b811dd1a72ea4aa71"))
"""The account whose messages are Pyth's prices."""


@dataclass(frozen=True, slots=True)
class GuardianSignature:
    """`place` is the guardian's in its set; `signature` is r, s and v (0 or 1), 65 bytes."""

    place: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Vaa:
    """Nothing of it is checked here but its form. `digest` is what was signed."""

    guardian_set: int
    signatures: tuple[GuardianSignature, ...]
    digest: bytes
    emitter: Emitter
    sequence: int
    payload: bytes

    @classmethod
    def parse(cls, source: bytes) -> Self:
        """Raises BadUpdate (format)."""
        reader = ByteReader(source)
        if reader.unsigned(1) != _VERSION:
            raise BadUpdate(QuoteRefusal.FORMAT, "a VAA of another version")
        guardian_set = reader.unsigned(4)
        count = reader.unsigned(1)
        signatures = tuple(GuardianSignature(reader.unsigned(1), reader.take(_SIGNATURE_BYTES)) for _ in range(count))
        body = reader.rest()
        digest = keccak(keccak(body))
        reader = ByteReader(body)
        reader.take(_TIMES_BYTES)
        emitter = Emitter(reader.unsigned(2), reader.take(32))
        sequence = reader.unsigned(8)
        reader.take(_CONSISTENCY_BYTES)
        return cls(guardian_set, signatures, digest, emitter, sequence, reader.rest())
