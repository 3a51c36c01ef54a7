"""Pyth's accumulator update: a VAA that signs a Merkle root, and messages with their proofs (Pyth's `PythAccumulator.sol`)."""

from dataclasses import dataclass
from typing import Self

from eth_utils.crypto import keccak

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.byte_reader import ByteReader

_MAGIC, _ROOT_MAGIC = b"PNAU", b"AUWV"
_MAJOR_VERSION = 1
_WORMHOLE_MERKLE = 0
_LEAF, _NODE = b"\0", b"\1"
_HASH_BYTES = 20
_SLOT_BYTES, _RING_BYTES = 8, 4


@dataclass(frozen=True, slots=True)
class Leaf:
    """A message and its proof: the siblings on the way to the root, 20 bytes each. `section` is both as they stand in the update."""

    message: bytes
    proof: tuple[bytes, ...]
    section: bytes

    def root(self) -> bytes:
        """The root that the proof leads to; 20 bytes (Pyth's `MerkleTree.sol`)."""
        node = _hash(_LEAF + self.message)
        for sibling in self.proof:
            node = _hash(_NODE + min(node, sibling) + max(node, sibling))
        return node


@dataclass(frozen=True, slots=True)
class AccumulatorUpdate:
    """Nothing of it is checked here but its form. `head` is everything before the number of leaves, the VAA included."""

    head: bytes
    vaa: bytes
    leaves: tuple[Leaf, ...]

    @classmethod
    def parse(cls, source: bytes) -> Self:
        """Raises BadUpdate (format)."""
        reader = ByteReader(source)
        if reader.take(4) != _MAGIC or reader.unsigned(1) != _MAJOR_VERSION:
            raise BadUpdate(QuoteRefusal.FORMAT, "not an accumulator update of version 1")
        # The minor version and further headers are for readers that know them.
        reader.take(1)
        reader.take(reader.unsigned(1))
        if reader.unsigned(1) != _WORMHOLE_MERKLE:
            raise BadUpdate(QuoteRefusal.FORMAT, "an unknown kind of proof")
        vaa = reader.take(reader.unsigned(2))
        head = reader.since(0)
        leaves = tuple(_leaf(reader) for _ in range(reader.unsigned(1)))
        if reader.rest():
            raise BadUpdate(QuoteRefusal.FORMAT, "bytes behind the last message")
        return cls(head, vaa, leaves)

    def alone(self, leaf: Leaf) -> bytes:
        """The update that holds this leaf and no other."""
        return self.head + b"\1" + leaf.section


def root_of(payload: bytes) -> bytes:
    """The Merkle root that a VAA's payload states, 20 bytes. Raises BadUpdate (format)."""
    reader = ByteReader(payload)
    if reader.take(4) != _ROOT_MAGIC or reader.unsigned(1) != _WORMHOLE_MERKLE:
        raise BadUpdate(QuoteRefusal.FORMAT, "the VAA signs something else than a Merkle root")
    reader.take(_SLOT_BYTES + _RING_BYTES)
    return reader.take(_HASH_BYTES)


def _leaf(reader: ByteReader) -> Leaf:
    start = reader.position
    message = reader.take(reader.unsigned(2))
    proof = tuple(reader.take(_HASH_BYTES) for _ in range(reader.unsigned(1)))
    return Leaf(message, proof, reader.since(start))


def _hash(text: bytes) -> bytes:
    return keccak(text)[:_HASH_BYTES]
