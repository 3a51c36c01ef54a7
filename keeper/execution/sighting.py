"""What the chain says about our nonces, read without touching anything."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.parse import hash32, hex_bytes, quantity
from keeper.errors import RpcError, RpcUnavailable
from keeper.execution.node import Json, Node, result_of
from keeper.execution.outbox_rows import Lot, OutboxTransaction
from keeper.execution.receipt import Receipt, parse_receipt

_TOP_CALL = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction of ours in a canonical block. `payload` is the revert payload, empty when it did not revert or nobody could tell."""

    transaction: OutboxTransaction
    receipt: Receipt
    block: BlockRef
    payload: bytes


@dataclass(frozen=True, slots=True)
class Sighting:
    """`used`: how many nonces the chain has used up. `mined` by nonce. `unclear`: nonces with a receipt that cannot be judged at this
    head: in a block above it, or in one that is not canonical (any more)."""

    looked_at: frozenset[int]
    used: int
    mined: Mapping[int, Mined]
    unclear: frozenset[int]


async def look(node: Node, sender: Address, lots: Sequence[Lot], head: BlockRef, told: Set[int]) -> Sighting:
    """One request for the count and all receipts, one more for the blocks of receipts not seen before, and one for each new revert. The
    outcomes of the nonces `told` have been handed on.

    Raises RpcUnavailable, RpcLimited, RpcError."""
    transactions = {each.hash: each for lot in lots for each in lot.transactions}
    questions: list[tuple[str, list[Json]]] = [("eth_getTransactionCount", [sender, "latest"])]
    questions += [("eth_getTransactionReceipt", [name]) for name in transactions]
    count, *answers = await node.batch(questions)
    receipts = [receipt for answer in answers if (receipt := parse_receipt(result_of(answer))) is not None]
    blocks = await _blocks(node, receipts, head)
    mined, unclear = {}, set()
    settled = {lot.winner: lot for lot in lots if lot.winner is not None}
    for receipt in receipts:
        transaction = transactions[receipt.transaction_hash]
        block = blocks.get(receipt.block_number)
        if block is None or block.hash != receipt.block_hash:
            unclear.add(transaction.nonce)
            continue
        before = settled.get(transaction.hash)
        known = before is not None and before.block_hash == block.hash and transaction.nonce in told
        payload = b"" if receipt.succeeded or known else await revert_payload(node, transaction, sender, receipt)
        mined[transaction.nonce] = Mined(transaction, receipt, block, payload)
    looked_at = frozenset(lot.nonce for lot in lots)
    return Sighting(looked_at, quantity(result_of(count)), mined, frozenset(unclear - mined.keys()))


async def mined_hash(node: Node, lot: Lot) -> str | None:
    """Which transaction of a nonce has a receipt, canonical or not. Raises as `look`."""
    answers = await node.batch([("eth_getTransactionReceipt", [each.hash]) for each in lot.transactions])
    return next((each.hash for each, answer in zip(lot.transactions, answers, strict=True) if parse_receipt(result_of(answer))), None)


async def revert_payload(node: Node, transaction: OutboxTransaction, sender: Address, receipt: Receipt) -> bytes:
    """Why a mined transaction reverted, as far as the node can tell."""
    try:
        trace = await node.request("debug_traceTransaction", [transaction.hash, _TOP_CALL])
        return hex_bytes(trace.get("output") or "0x")
    except RpcError:
        # No tracing: ask what it would say right after that block. A lost race reads the same there, because the winner is in it.
        return await _replayed(node, transaction, sender, receipt)


async def _replayed(node: Node, transaction: OutboxTransaction, sender: Address, receipt: Receipt) -> bytes:
    sent = await node.request("eth_getTransactionByHash", [transaction.hash])
    call = {"from": sender, "to": sent["to"], "data": sent["input"], "gas": sent["gas"]} if sent is not None else {}
    try:
        await node.request("eth_call", [call, {"blockHash": receipt.block_hash}])
    except RpcError as error:
        return error.data
    return b""


async def _blocks(node: Node, receipts: Sequence[Receipt], head: BlockRef) -> Mapping[int, BlockRef]:
    """The canonical blocks of the receipts up to the head."""
    wanted = sorted({receipt.block_number for receipt in receipts if receipt.block_number < head.number})
    blocks = {head.number: head}
    if wanted:
        answers = await node.batch([("eth_getBlockByNumber", [hex(number), False]) for number in wanted])
        blocks |= {number: _block(result) for number, answer in zip(wanted, answers, strict=True) if (result := result_of(answer))}
    return blocks


def _block(header: Json) -> BlockRef:
    try:
        return BlockRef(
            quantity(header["number"]),
            hash32(header["hash"]),
            hash32(header["parentHash"]),
            Timestamp(quantity(header["timestamp"])),
            quantity(header.get("baseFeePerGas") or "0x0"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RpcUnavailable(f"a malformed block header: {error!r}") from error
