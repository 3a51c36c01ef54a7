"""A block header from the wire, and the calls that ask for one."""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_utils.crypto import keccak

from keeper.chain import rlp
from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.parse import hash32, quantity
from keeper.errors import BlockUnknown, RpcError


@dataclass(frozen=True, slots=True)
class Header:
    """A header with its logs bloom (256 bytes as an integer; 0 where the node has none) and the root of its receipts (None likewise)."""

    ref: BlockRef
    bloom: int
    receipts_root: Hash32 | None = None


def parse_header(answer: Answer) -> Header:
    """A header from an `eth_getBlockBy...` answer. Raises BlockUnknown for null, RpcError, or ValueError/KeyError when malformed."""
    if answer is None:
        raise BlockUnknown(0, "no such block")
    if isinstance(answer, RpcError):
        raise answer
    base_fee: Json = answer.get("baseFeePerGas")
    bloom: Json = answer.get("logsBloom")
    number, timestamp = quantity(answer["number"]), quantity(answer["timestamp"])
    if max(number, timestamp) > _MAX_QUANTITY:
        raise ValueError(f"a block {number} of time {timestamp}")
    ref = BlockRef(
        number=number,
        hash=hash32(answer["hash"]),
        parent_hash=hash32(answer["parentHash"]),
        timestamp=Timestamp(timestamp),
        base_fee_wei=quantity(base_fee) if base_fee is not None else 0,
        gas_limit=quantity(answer.get("gasLimit") or "0x0"),
    )
    root: Json = answer.get("receiptsRoot")
    return Header(ref, int(bloom, 16) if bloom else 0, hash32(root) if root else None)


def header_hash(header: Mapping[str, Json]) -> Hash32:
    """The hash a block with these fields has: Keccak of their RLP. Fields that came with later forks count where the header has them.

    Raises KeyError, TypeError or ValueError when a field is missing or malformed."""
    fields = [encode(header[name]) for name, encode in _FIELDS]
    fields += [encode(header[name]) for name, encode in _LATER_FIELDS if header.get(name) is not None]
    return Hash32("0x" + keccak(rlp.encode(fields)).hex())


_MAX_QUANTITY = (1 << 40) - 1
"""No block has a number or a time (in seconds) beyond it, and it fits every column of the lake."""
_FIELDS = (
    ("parentHash", rlp.octets),
    ("sha3Uncles", rlp.octets),
    ("miner", rlp.octets),
    ("stateRoot", rlp.octets),
    ("transactionsRoot", rlp.octets),
    ("receiptsRoot", rlp.octets),
    ("logsBloom", rlp.octets),
    ("difficulty", rlp.quantity),
    ("number", rlp.quantity),
    ("gasLimit", rlp.quantity),
    ("gasUsed", rlp.quantity),
    ("timestamp", rlp.quantity),
    ("extraData", rlp.octets),
    ("mixHash", rlp.octets),
    ("nonce", rlp.octets),
)
"""Names in the order of hashing, with their encodings (go-ethereum's core/types/block.go)."""
_LATER_FIELDS = (
    ("baseFeePerGas", rlp.quantity),
    ("withdrawalsRoot", rlp.octets),
    ("blobGasUsed", rlp.quantity),
    ("excessBlobGas", rlp.quantity),
    ("parentBeaconBlockRoot", rlp.octets),
    ("requestsHash", rlp.octets),
    ("blockAccessListHash", rlp.octets),
    ("slotNumber", rlp.quantity),
)


def by_number(number: int) -> RpcCall:
    """The header of the canonical block at `number`, without transactions."""
    return RpcCall("eth_getBlockByNumber", (hex(number), False))


def by_hash(block_hash: Hash32) -> RpcCall:
    """The header of a block, canonical or not, without transactions."""
    return RpcCall("eth_getBlockByHash", (block_hash, False))
