"""Pyth's accumulator: all prices of a slot under one signed Merkle root, and updates that prove some of them.

The keeper reads this format with code of its own (`keeper/oracles`); that it stands twice is on purpose."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.devnet.guardian import Guardian
from contracts.devnet.merkle_tree import MerkleTree

_UPDATE_HEADER = b"PNAU" + bytes([1, 0, 0])
"""Magic, major version, minor version, no further header."""
_WORMHOLE_MERKLE = 0
_ROOT_MAGIC = b"AUWV"
_RING_SIZE = 10_000
_PRICE_FEED = 0


@dataclass(frozen=True, slots=True)
class PriceMessage:
    """One price of one feed (its id is 32 bytes): `price_raw` ± `confidence_raw`, times 10^`exponent`. Times in unix seconds."""

    price_id: bytes
    price_raw: int
    confidence_raw: int
    exponent: int
    publish_time: int
    previous_publish_time: int
    ema_price_raw: int
    ema_confidence_raw: int

    def encode(self) -> bytes:
        """The 85 bytes that are hashed into the tree."""
        price = struct.pack(">B32sqQi", _PRICE_FEED, self.price_id, self.price_raw, self.confidence_raw, self.exponent)
        times = struct.pack(">QQ", self.publish_time, self.previous_publish_time)
        return price + times + struct.pack(">qQ", self.ema_price_raw, self.ema_confidence_raw)


class Accumulator:
    """One slot: every feed's message, each feed once, and the guardian's signature over their root."""

    def __init__(self, messages: Sequence[PriceMessage], guardian: Guardian, slot: int) -> None:
        self._places = {message.price_id: place for place, message in enumerate(messages)}
        self._texts = [message.encode() for message in messages]
        self._tree = MerkleTree(self._texts)
        payload = _ROOT_MAGIC + struct.pack(">BQI", _WORMHOLE_MERKLE, slot, _RING_SIZE) + self._tree.root
        self._vaa = guardian.vaa(payload, slot, max(message.publish_time for message in messages))

    def update(self, price_ids: Sequence[bytes]) -> bytes:
        """The update for these feeds, at most 255. Raises KeyError for one that is not in the slot."""
        proofs = b"".join(self._with_proof(self._places[price_id]) for price_id in price_ids)
        vaa = struct.pack(">BH", _WORMHOLE_MERKLE, len(self._vaa)) + self._vaa
        return _UPDATE_HEADER + vaa + bytes([len(price_ids)]) + proofs

    def _with_proof(self, place: int) -> bytes:
        """The message with its size in front and its proof behind it."""
        text, proof = self._texts[place], self._tree.proof(place)
        return struct.pack(">H", len(text)) + text + bytes([len(proof)]) + b"".join(proof)
