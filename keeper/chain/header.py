"""A block header from the wire, and the question for one."""

from dataclasses import dataclass

from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.parse import hash32, quantity
from keeper.errors import BlockUnknown, RpcError


@dataclass(frozen=True, slots=True)
class Header:
    """A header with its logs bloom (256 bytes as an integer; 0 where the node gives none)."""

    ref: BlockRef
    bloom: int


def parse_header(answer: Answer) -> Header:
    """A header from an `eth_getBlockBy...` answer. Raises BlockUnknown for null, RpcError, or ValueError/KeyError when malformed."""
    if answer is None:
        raise BlockUnknown(0, "no such block")
    if isinstance(answer, RpcError):
        raise answer
    base_fee: Json = answer.get("baseFeePerGas")
    bloom: Json = answer.get("logsBloom")
    ref = BlockRef(
        number=quantity(answer["number"]),
        hash=hash32(answer["hash"]),
        parent_hash=hash32(answer["parentHash"]),
        timestamp=Timestamp(quantity(answer["timestamp"])),
        base_fee_wei=quantity(base_fee) if base_fee is not None else 0,
    )
    return Header(ref, int(bloom, 16) if bloom else 0)


def parse_numbered(answer: Answer, number: int) -> Header:
    """As `parse_header`, and it must be block `number`. Raises ValueError otherwise."""
    header = parse_header(answer)
    if header.ref.number != number:
        raise ValueError(f"asked for block {number}, got {header.ref.number}")
    return header


def parse_hashed(answer: Answer, block_hash: Hash32) -> Header:
    """As `parse_header`, and it must be the block of that hash. Raises ValueError otherwise."""
    header = parse_header(answer)
    if header.ref.hash != block_hash:
        raise ValueError(f"asked for block {block_hash}, got {header.ref.hash}")
    return header


def by_number(number: int) -> RpcCall:
    """The header of the canonical block at `number`, without transactions."""
    return RpcCall("eth_getBlockByNumber", (hex(number), False))


def by_hash(block_hash: Hash32) -> RpcCall:
    """The header of a block, canonical or not, without transactions."""
    return RpcCall("eth_getBlockByHash", (block_hash, False))
