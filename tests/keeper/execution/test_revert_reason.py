"""Reasons of reverts are had in a few requests, however many there are, and never waited for."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from keeper.domain.chain import Address, Hash32
from keeper.errors import RpcError, RpcUnavailable
from keeper.execution.outbox_rows import OutboxTransaction
from keeper.execution.revert_reason import revert_payloads
from tests.keeper.execution.quiet_node import QuietNode, block

SENDER = Address("0x" + "aa" * 20)
NAMES = [Hash32(f"0x{number:064x}") for number in range(1, 4)]


class _Named:
    """As much of a transaction as is looked at."""

    def __init__(self, name: Hash32) -> None:
        self.hash = name


class _HangingNode(QuietNode):
    """It takes the question, and nothing comes."""

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        await asyncio.sleep(3600)
        return []


def _payloads(node: QuietNode) -> Mapping[Hash32, bytes]:
    reverted = [cast(OutboxTransaction, _Named(name)) for name in NAMES]
    return asyncio.run(revert_payloads(node, reverted, SENDER, block(11)))


def _replaying(answer: Any) -> QuietNode:
    """Whose transactions, run again after the block, come to `answer`."""
    node = QuietNode()
    node.answers["eth_getTransactionByHash"] = {"to": "0x" + "bb" * 20, "input": "0x", "gas": "0x1"}
    node.answers["eth_call"] = answer
    return node


def test_they_are_run_again_after_the_block_and_no_trace_is_needed() -> None:
    assert _payloads(_replaying(RpcError(3, "execution reverted", b"why"))) == dict.fromkeys(NAMES, b"why")


def test_where_they_would_go_through_by_then_one_trace_of_the_block_tells_all() -> None:
    node = _replaying("0x")
    traces = [{"txHash": name, "result": {"output": f"0x0{place}"}} for place, name in enumerate([*NAMES, "0x" + "ff" * 32])]
    node.answers["debug_traceBlockByHash"] = traces
    assert _payloads(node) == {name: bytes([place]) for place, name in enumerate(NAMES)}


@pytest.mark.parametrize("traces", [RpcError(-32_601, "no such method"), None, [{"txHash": "0x1"}], "nonsense"])
def test_without_a_trace_either_they_stay_unknown(traces: Any) -> None:
    node = _replaying("0x")
    node.answers["debug_traceBlockByHash"] = traces
    assert _payloads(node) == {}


def test_nobody_waits_for_them() -> None:
    started = time.monotonic()
    assert _payloads(_HangingNode()) == {}
    assert time.monotonic() - started < 5


def test_without_an_endpoint_they_stay_unknown() -> None:
    node = _replaying("0x")
    node.answers["debug_traceBlockByHash"] = RpcUnavailable("down")
    assert _payloads(node) == {}
