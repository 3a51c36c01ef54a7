"""A local stand-in for Wormhole's guardians: one key that signs what Pythnet says, in the form of a VAA (version 1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from eth_account import Account
from eth_account.datastructures import SignedMessage
from eth_utils.crypto import keccak

GUARDIAN_TEST_KEY = "0xcfb12303a19cde580bb4dd771639b0d26bc68353645571a8cff516ab2ee113a0"
"""The guardian key of Wormhole's own devnet: published, so it protects nothing."""
PYTHNET_CHAIN = 26
"""Wormhole's number for Pythnet."""
PYTHNET_EMITTER = bytes.fromhex("e101faedac5851e32b9b23b5f9411a8c2bac4aae3ed4dd7b811dd1a72ea4aa71")
"""The account on Pythnet whose words are Pyth's prices."""
_VERSION, _SET, _COUNT, _PLACE = 1, 0, 1, 0
_NONCE, _CONSISTENCY = 0, 1


@dataclass(frozen=True, slots=True)
class Guardian:
    """The only guardian of set 0, for one emitter."""

    key: str = GUARDIAN_TEST_KEY
    emitter_chain: int = PYTHNET_CHAIN
    emitter_address: bytes = PYTHNET_EMITTER

    @property
    def address(self) -> str:
        """What contracts and keepers know the guardian by."""
        address: str = Account.from_key(self.key).address
        return address

    def vaa(self, payload: bytes, sequence: int, timestamp: int) -> bytes:
        """The signed payload; `timestamp` in unix seconds."""
        origin = struct.pack(">IIH", timestamp, _NONCE, self.emitter_chain) + self.emitter_address
        body = origin + struct.pack(">QB", sequence, _CONSISTENCY) + payload
        return struct.pack(">BIBB", _VERSION, _SET, _COUNT, _PLACE) + self._signature(body) + body

    def _signature(self, body: bytes) -> bytes:
        """r, s and v (0 or 1), 65 bytes."""
        signature: SignedMessage = Account.unsafe_sign_hash(keccak(keccak(body)), self.key)
        return signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([signature.v - 27])
