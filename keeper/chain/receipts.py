"""All receipts of a block: the root a header commits to, and the logs they hold. A block's logs are then exactly these."""

from collections.abc import Mapping, Sequence

from keeper.chain import rlp
from keeper.chain.header import Header
from keeper.chain.log import LogSelection, parse_log
from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.chain.trie import ordered_root
from keeper.domain.chain import BlockRef, Hash32, RawLog
from keeper.errors import BlockUnknown, RpcError


def block_receipts(block_hash: Hash32) -> RpcCall:
    """All receipts of the block with that hash."""
    return RpcCall("eth_getBlockReceipts", (block_hash,))


def receipts_root(receipts: Sequence[Mapping[str, Json]]) -> Hash32:
    """What the header of a block with these receipts must carry. Raises KeyError, TypeError or ValueError for a malformed receipt."""
    return Hash32("0x" + ordered_root([_encode(receipt) for receipt in receipts]).hex())


def parse_receipts(answer: Answer, header: Header) -> Sequence[Mapping[str, Json]]:
    """The receipts of an `eth_getBlockReceipts` answer, proven to be all of the header's block.

    Raises the answer's RpcError, BlockUnknown for null, ValueError when they are not those of the block, KeyError, TypeError."""
    block = header.ref
    if isinstance(answer, RpcError):
        raise answer
    if answer is None:
        raise BlockUnknown(0, f"no receipts of block {block.number} {block.hash}")
    root = receipts_root(answer)
    if root != header.receipts_root:
        raise ValueError(f"the receipts of block {block.number} {block.hash} have root {root}, its header {header.receipts_root}")
    _check_positions(answer, block)
    return list(answer)


def logs_of(receipts: Sequence[Mapping[str, Json]], selection: LogSelection) -> tuple[RawLog, ...]:
    """The selected logs of a block's proven receipts, in order."""
    return tuple(parse_log(log) for receipt in receipts for log in receipt["logs"] if selection.selects(log))


def _check_positions(receipts: Sequence[Mapping[str, Json]], block: BlockRef) -> None:
    """Check what the root does not prove: the block, transaction and index that each log claims. Raises ValueError."""
    log_index = 0
    for index, receipt in enumerate(receipts):
        if receipt["blockHash"].lower() != block.hash or int(receipt["transactionIndex"], 16) != index:
            raise ValueError(f"receipt {index} of block {block.hash} says it is another")
        for log in receipt["logs"]:
            claim = (log["blockHash"].lower(), int(log["blockNumber"], 16), log["transactionHash"], int(log["logIndex"], 16))
            if claim != (block.hash, block.number, receipt["transactionHash"], log_index):
                raise ValueError(f"log {log_index} of block {block.hash} says it is another")
            log_index += 1


def _encode(receipt: Mapping[str, Json]) -> bytes:
    """A receipt as the trie holds it (EIP-658, EIP-2718): legacy ones as a list, typed ones behind their type's byte."""
    status: Json = receipt.get("status")
    fields: list[rlp.Item] = [
        rlp.quantity(status) if status is not None else rlp.octets(receipt["root"]),
        rlp.quantity(receipt["cumulativeGasUsed"]),
        rlp.octets(receipt["logsBloom"]),
        [[rlp.octets(log["address"]), [rlp.octets(topic) for topic in log["topics"]], rlp.octets(log["data"])] for log in receipt["logs"]],
    ]
    if receipt.get("depositReceiptVersion") is not None:
        # Optimism's deposits: since Canyon the nonce is part of what is hashed.
        fields += [rlp.quantity(receipt["depositNonce"]), rlp.quantity(receipt["depositReceiptVersion"])]
    transaction_type = int(receipt.get("type") or "0x0", 16)
    return (bytes([transaction_type]) if transaction_type else b"") + rlp.encode(fields)
