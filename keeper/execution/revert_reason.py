"""Why transactions of ours reverted. It is for the record only, so no block waits long for it."""

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


async def revert_payloads(node: Node, reverted: Sequence[OutboxTransaction], sender: Address, block: BlockRef) -> Mapping[Hash32, bytes]:
    """The revert payloads of transactions of `block`, as far as the node can tell in half a second.

    Each is run again after the block, as every node can: a lost race reads the same there, because the winner is in it. Where one would go
    through by then, the block is traced, which not every node offers and which costs as much as the block did."""
    payloads: dict[Hash32, bytes] = {}
    with suppress(TimeoutError, Transient, RpcError):
        async with asyncio.timeout(_PATIENCE_S):
            payloads |= await _replayed(node, reverted, sender, block) if reverted else {}
            if any(each.hash not in payloads for each in reverted):
                payloads |= await _traced(node, [each.hash for each in reverted], block)
    return payloads


async def _replayed(node: Node, reverted: Sequence[OutboxTransaction], sender: Address, block: BlockRef) -> Mapping[Hash32, bytes]:
    transactions = await node.batch([("eth_getTransactionByHash", [each.hash]) for each in reverted])
    calls = {
        each.hash: {"from": sender, "to": answer["to"], "data": answer["input"], "gas": answer["gas"]}
        for each, answer in zip(reverted, transactions, strict=True)
        if isinstance(answer, dict)
    }
    answers = await node.batch([("eth_call", [call, {"blockHash": block.hash}]) for call in calls.values()]) if calls else ()
    return {name: answer.data for name, answer in zip(calls, answers, strict=True) if isinstance(answer, RpcError)}


async def _traced(node: Node, names: Sequence[Hash32], block: BlockRef) -> Mapping[Hash32, bytes]:
    """One trace of the block: one for each transaction would run those before it again every time."""
    traces = await node.request("debug_traceBlockByHash", [block.hash, _TOP_CALL])
    try:
        outputs = {hash32(trace["txHash"]): hex_bytes(trace["result"].get("output") or "0x") for trace in traces}
    except (KeyError, TypeError, ValueError, AttributeError):
        # Nonsense, and nobody's word is needed here.
        return {}
    return {name: outputs[name] for name in names if name in outputs}
