"""Why the keeper's transactions reverted. For the record only, so no block waits long for it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.parse import hash32, hex_bytes
from keeper.errors import RpcError, Transient
from keeper.execution.node import Node
from keeper.execution.outbox_rows import OutboxTransaction

_TOP_CALL = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
_PATIENCE_S = 0.5


async def revert_payloads(
    node: Node, transactions: Sequence[OutboxTransaction], sender: Address, block: BlockRef
) -> Mapping[Hash32, bytes]:
    """The revert payloads of transactions of `block`, as far as the node answers in half a second.

    Each is called again on the state after the block, as every node can: a lost race has the same error there, because the winner is in the
    block. Where a call succeeds there, the block is traced, which not every node offers, and which costs as much as the block did."""
    payloads: dict[Hash32, bytes] = {}
    with suppress(TimeoutError, Transient, RpcError):
        async with asyncio.timeout(_PATIENCE_S):
            payloads |= await _replayed(node, transactions, sender, block) if transactions else {}
            if any(transaction.hash not in payloads for transaction in transactions):
                payloads |= await _traced(node, [transaction.hash for transaction in transactions], block)
    return payloads


async def _replayed(node: Node, transactions: Sequence[OutboxTransaction], sender: Address, block: BlockRef) -> Mapping[Hash32, bytes]:
    bodies = await node.batch([("eth_getTransactionByHash", [transaction.hash]) for transaction in transactions])
    calls = {
        transaction.hash: {"from": sender, "to": body["to"], "data": body["input"], "gas": body["gas"]}
        for transaction, body in zip(transactions, bodies, strict=True)
        if isinstance(body, dict)
    }
    answers = await node.batch([("eth_call", [call, {"blockHash": block.hash}]) for call in calls.values()]) if calls else ()
    return {transaction_hash: answer.data for transaction_hash, answer in zip(calls, answers, strict=True) if isinstance(answer, RpcError)}


async def _traced(node: Node, hashes: Sequence[Hash32], block: BlockRef) -> Mapping[Hash32, bytes]:
    """One trace of the block: a trace of each transaction would run those before it again every time."""
    traces = await node.request("debug_traceBlockByHash", [block.hash, _TOP_CALL])
    try:
        outputs = {hash32(trace["txHash"]): hex_bytes(trace["result"].get("output") or "0x") for trace in traces}
    except (KeyError, TypeError, ValueError, AttributeError):
        # A malformed trace; the payload is optional.
        return {}
    return {transaction_hash: outputs[transaction_hash] for transaction_hash in hashes if transaction_hash in outputs}
