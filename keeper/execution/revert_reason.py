"""Why transactions of ours reverted. It is for the record only, so no block waits long for it."""

import asyncio
from collections.abc import Mapping, Sequence

from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.parse import hash32, hex_bytes
from keeper.errors import RpcError, Transient
from keeper.execution.node import Node
from keeper.execution.outbox_rows import OutboxTransaction

_TOP_CALL = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
_PATIENCE_S = 0.5


async def revert_payloads(node: Node, reverted: Sequence[OutboxTransaction], sender: Address, block: BlockRef) -> Mapping[Hash32, bytes]:
    """The revert payloads of transactions of `block`, as far as the node can tell in half a second.

    One trace of the block tells all: one for each transaction would run those before it again every time."""
    if not reverted:
        return {}
    try:
        async with asyncio.timeout(_PATIENCE_S):
            try:
                return await _traced(node, block)
            except (RpcError, KeyError, TypeError, ValueError, AttributeError):
                # No tracing: what would it say right after that block? A lost race reads the same there, because the winner is in it.
                return await _replayed(node, reverted, sender, block)
    except (TimeoutError, Transient, RpcError):
        return {}


async def _traced(node: Node, block: BlockRef) -> Mapping[Hash32, bytes]:
    traces = await node.request("debug_traceBlockByHash", [block.hash, _TOP_CALL])
    return {hash32(trace["txHash"]): hex_bytes(trace["result"].get("output") or "0x") for trace in traces}


async def _replayed(node: Node, reverted: Sequence[OutboxTransaction], sender: Address, block: BlockRef) -> Mapping[Hash32, bytes]:
    sent = await node.batch([("eth_getTransactionByHash", [each.hash]) for each in reverted])
    calls = {
        each.hash: {"from": sender, "to": answer["to"], "data": answer["input"], "gas": answer["gas"]}
        for each, answer in zip(reverted, sent, strict=True)
        if isinstance(answer, dict)
    }
    answers = await node.batch([("eth_call", [call, {"blockHash": block.hash}]) for call in calls.values()]) if calls else ()
    return {name: answer.data for name, answer in zip(calls, answers, strict=True) if isinstance(answer, RpcError)}
