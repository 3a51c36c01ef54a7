"""Every node is offered every transaction: one that takes it is enough, and none can keep it from the others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from keeper.errors import RpcError, RpcLimited, RpcUnavailable
from keeper.execution.broadcast import Accepted, Broadcast, Refused
from keeper.execution.refusal import Refusal


@dataclass
class Scripted:
    """Answers every transaction the same way, after `delay_s`."""

    answer: Exception | None
    delay_s: float = 0.0
    heard: list[str] = field(default_factory=list)

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        self.heard.append(f"{method} {params[0]}")
        await asyncio.sleep(self.delay_s)
        if self.answer is not None:
            raise self.answer
        return "0x"

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        raise AssertionError("a transaction is sent by itself")


DOWN = RpcUnavailable("down")
BUSY = RpcLimited("busy")


def error(words: str) -> RpcError:
    return RpcError(-32000, words)


async def _offer(nodes: Sequence[Scripted]) -> tuple[Accepted | Refused, float]:
    broadcast = Broadcast(nodes)
    clock = asyncio.get_running_loop().time
    began = clock()
    try:
        return await broadcast.offer(b"\x02\xff"), clock() - began
    finally:
        await broadcast.close()


POOR = Refused(Refusal.INSUFFICIENT_FUNDS, "insufficient funds")
UNHEARD = Refused(Refusal.POSTPONED, "a node gave no answer")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([None, None], Accepted()),
        ([DOWN, BUSY, None], Accepted()),
        ([error("already known"), DOWN], Accepted()),
        ([error("txpool is full"), None], Accepted()),
        ([error("insufficient funds"), None], Accepted()),
        ([error("nonce too low"), None], Accepted()),
        ([DOWN, error("nonce too low")], Refused(Refusal.NONCE_TOO_LOW, "nonce too low")),
        ([error("txpool is full"), error("nonce too low")], Refused(Refusal.NONCE_TOO_LOW, "nonce too low")),
        # The silent one may have taken it: nothing final may be concluded from the other's refusal.
        ([DOWN, error("insufficient funds")], UNHEARD),
        ([error("insufficient funds"), error("insufficient funds")], POOR),
        ([error("insufficient funds"), error("txpool is full")], Refused(Refusal.POSTPONED, "txpool is full")),
        ([error("replacement transaction underpriced"), error("txpool is full")],
         Refused(Refusal.UNDERPRICED_REPLACEMENT, "replacement transaction underpriced")),
        ([DOWN, DOWN], UNHEARD),
        ([], Refused(Refusal.POSTPONED, "there is no node to send to")),
    ],
)  # fmt: skip
def test_all_nodes_are_asked_and_one_acceptance_is_enough(answers: list[Exception | None], expected: Accepted | Refused) -> None:
    nodes = [Scripted(answer) for answer in answers]
    assert asyncio.run(_offer(nodes))[0] == expected
    assert [node.heard for node in nodes] == [["eth_sendRawTransaction 0x02ff"]] * len(nodes)


def test_a_node_that_hangs_holds_up_nobody() -> None:
    """Not when another accepts; a refusal waits a little for a second opinion; and silence everywhere has an end."""
    accepted, took_s = asyncio.run(_offer([Scripted(None, 60), Scripted(None)]))
    assert (accepted, took_s < 0.5) == (Accepted(), True)
    refused, took_s = asyncio.run(_offer([Scripted(None, 60), Scripted(error("insufficient funds"))]))
    assert (refused, 0.5 < took_s < 2) == (UNHEARD, True)
    silent, took_s = asyncio.run(_offer([Scripted(None, 60), Scripted(None, 60)]))
    assert (silent, took_s < 5) == (UNHEARD, True)


def test_a_slow_node_is_told_though_a_quick_one_has_accepted() -> None:
    """The quick one may swallow it."""

    async def run() -> str | None:
        finished = asyncio.Event()

        class Told(Scripted):
            async def request(self, method: str, params: Sequence[Any]) -> Any:
                await super().request(method, params)
                finished.set()

        slow = Told(None, 0.2)
        broadcast = Broadcast([Scripted(None), slow])
        assert await broadcast.offer(b"\x02\xff") == Accepted()
        await asyncio.wait_for(finished.wait(), 2)
        await broadcast.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return slow.heard[0]

    assert asyncio.run(run()) == "eth_sendRawTransaction 0x02ff"
