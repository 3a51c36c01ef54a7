"""Whatever the chain and the endpoint do, what the follower says adds up to the canonical chain."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.chain.fetch import BlockFetcher
from keeper.chain.follower import Follower, FollowOptions
from keeper.chain.heads import Hint
from keeper.chain.log import LogSelection
from keeper.chain.ranges import LogRanges
from keeper.chain.rpc import Reply, RpcTimeout
from keeper.chain.standstill import Standstill
from tests.keeper.chain.fakes import StopFollowing, bench, node
from tests.keeper.chain.listener import Listener
from tests.keeper.chain.simulated import FILTER, Chain, SimulatedNode, wanted

DEPTH = 12
DEEPEST = 10
LOGS = st.lists(st.integers(0, 3), min_size=1, max_size=7)
ACTION: st.SearchStrategy[tuple[str, list[int]]] = st.one_of(
    st.just(("quiet", [])),
    LOGS.map(lambda logs: ("mine", logs)),
    st.tuples(st.integers(1, 5), LOGS).map(lambda drawn: (f"reorg {drawn[0]}", drawn[1])),
    st.sampled_from([("lag 1", []), ("lag 3", []), ("html", []), ("cut", []), ("timeout", []), ("forget logs", []), ("shuffle", [])]),
)
HINT = st.sampled_from(["none", "right", "old", "wrong"])


class Script:
    """One action before every request and before every wait: the chain moves and the endpoint fails at any moment."""

    def __init__(self, actions: list[tuple[str, list[int]]], hints: list[str]) -> None:
        self.simulated = SimulatedNode()
        self._actions = list(actions)
        self._hints = list(hints)
        self._past: list[Chain] = [self.simulated.chain]
        self._quiet_waits = 0
        self._remembered = 2

    def answer(self, request: Any) -> Any:
        """The endpoint's answer, after the next action of the script."""
        kind = self._act()
        if kind == "html":
            return Reply(502, b"<html>")
        if kind == "timeout":
            return RpcTimeout("slow")
        seen = self._past[max(0, len(self._past) - 1 - int(kind[4:]))] if kind.startswith("lag") else self.simulated.chain
        by_method = self.simulated.answer(seen)
        self._remembered += 1
        if kind == "forget logs" and self._remembered > 2:
            # An index that lags is asked twice by hash; one that lies for longer cannot be told from a bloom that is only full.
            self._remembered = 0
            by_method = _forgetful(by_method)
        answer = node(by_method)(request)
        if kind == "cut":
            return Reply(200, json.dumps(answer).encode()[:-3])
        return list(reversed(answer)) if kind == "shuffle" and isinstance(answer, list) else answer

    async def next(self, tip_number: int) -> Hint | None:
        """Time to look, until the script is over and three looks in a row found a chain at rest."""
        await asyncio.sleep(0)
        self._act()
        self._quiet_waits = 0 if self._actions else self._quiet_waits + 1
        if self._quiet_waits > 3:
            raise StopFollowing
        return self._hint(self._hints.pop(0) if self._hints else "none")

    async def close(self) -> None:
        return None

    def _hint(self, kind: str) -> Hint | None:
        chain = self._past[0] if kind == "old" else self.simulated.chain
        if kind == "none":
            return None
        return Hint(chain[-1].ref.number, chain[0].ref.hash if kind == "wrong" else chain[-1].ref.hash)

    def _act(self) -> str:
        kind, logs = self._actions.pop(0) if self._actions else ("quiet", [])
        if kind == "mine":
            self.simulated.mine(logs)
        elif kind.startswith("reorg"):
            # Never below what a follower may have taken for final, and not below the first block.
            lowest = max(0, self.simulated.highest - DEEPEST)
            self.simulated.reorg(min(int(kind[6:]), self.simulated.tip.number - lowest), logs)
        if self._past[-1] is not self.simulated.chain:
            self._past.append(self.simulated.chain)
        return kind


def _forgetful(by_method: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda method, params: [] if method == "eth_getLogs" else by_method(method, params)


async def _follow(script: Script, listener: Listener) -> None:
    on = bench(script.answer)
    selection = LogSelection([FILTER])
    fetcher = BlockFetcher(on.pool, on.proofs(), selection, LogRanges(on.pool, 3))
    options = FollowOptions(finality_depth=DEPTH, gap_chunk=5)
    standstill = Standstill(on.clock, 2.0)
    try:
        async for event in Follower(fetcher, on.pool, script, standstill, options, on.report, lambda: None).follow(listener.final, []):
            listener.take(event)
    except StopFollowing:
        return


@settings(max_examples=300, deadline=None)
@given(st.lists(ACTION, max_size=60), st.lists(HINT, max_size=20))
def test_the_events_rebuild_the_canonical_chain(actions: list[tuple[str, list[int]]], hints: list[str]) -> None:
    """Reorgs of depth 1 to 5 on top of each other, missed and repeated heads, wrong hints, stale, cut, shuffled and failed answers, and
    a chain that changes between any two requests: in the end the listener has every canonical block with exactly its logs."""
    script = Script(actions, hints)
    listener = Listener(script.simulated.tip, DEPTH)
    asyncio.run(_follow(script, listener))
    assert listener.chain == [(block.ref, wanted(block)) for block in script.simulated.chain]
