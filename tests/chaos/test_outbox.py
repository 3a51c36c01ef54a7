"""Nothing is sent twice, nothing is forgotten and every wei is booked, wherever the process dies and whatever the chain takes back."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.devnet.anvil import Anvil, AnvilError, AnvilOptions, anvil_path
from contracts.devnet.rpc import Rpc
from keeper.domain.outcome import Dropped, Included, Outcome
from keeper.execution.dispatcher import TransactionDispatcher
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.node import Json, Node
from keeper.execution.outbox import Outbox
from tests.fork.dispatch_bench import FEES, Bench, run

pytestmark = [pytest.mark.fork, pytest.mark.chaos]


_MOST_KILLS = 6


class Killed(BaseException):
    """The process is no more. Not an Exception: nothing may catch it."""


@dataclass
class Mortal:
    """A connection whose process dies at its n-th request, before or after the node has heard it."""

    inner: Node
    dies_at: int | None = None
    heard: bool = False
    requests: int = 0

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        self._perhaps(self.heard is False)
        answer = await self.inner.request(method, params)
        self._perhaps(self.heard is True)
        return answer

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Any]:
        self._perhaps(self.heard is False)
        answers = await self.inner.batch(calls)
        self._perhaps(self.heard is True)
        return answers

    def _perhaps(self, now: bool) -> None:
        if not now:
            return
        self.requests += 1
        if self.requests == self.dies_at:
            raise Killed


@dataclass
class Story:
    """What happened to the dispatcher of one example, and what it told."""

    bench: Bench
    told: dict[str, Outcome] = field(default_factory=dict)
    wanted: set[int] = field(default_factory=set)

    async def live(self, steps: Sequence[tuple[Any, ...]]) -> None:
        """Play the steps; every death is followed by a restart that knows the outbox only."""
        waiting = list(steps)
        while True:
            try:
                async with ForkConnection(self.bench.url, 10) as inner:
                    mortal = Mortal(inner)
                    async with self.bench.dispatcher(mortal, final_after_blocks=50, dropped_after_blocks=6) as dispatcher:
                        while waiting:
                            await self._step(waiting.pop(0), mortal, dispatcher)
                        mortal.dies_at = None
                        return await self._to_the_end(dispatcher)
            except Killed:
                continue

    async def _step(self, step: tuple[Any, ...], mortal: Mortal, dispatcher: TransactionDispatcher) -> None:
        match step:
            case ("die", after, heard):
                mortal.heard, mortal.requests, mortal.dies_at = heard, 0, after
            case ("send", number):
                self.wanted.add(number)
                await dispatcher.send(self.bench.numbered_job(number), FEES)
            case ("mine",):
                self.bench.mine()
            case ("empty",):
                self.bench.mine_empty()
            case ("reorg", depth):
                self.bench.reorg(depth)
        await self._track(dispatcher)

    async def _to_the_end(self, dispatcher: TransactionDispatcher) -> None:
        """As the engine would: candidates seen again are sent again, until all is quiet."""
        for number in sorted(self.wanted):
            await dispatcher.send(self.bench.numbered_job(number), FEES)
        for _ in range(4):
            self.bench.mine()
            await self._track(dispatcher)

    async def _track(self, dispatcher: TransactionDispatcher) -> None:
        for item in await dispatcher.track(self.bench.head()):
            self.told[item.attempt.transaction_hash] = item.outcome


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 4)),
        st.tuples(st.just("mine")),
        st.tuples(st.just("empty")),
        st.tuples(st.just("reorg"), st.integers(1, 3)),
        st.tuples(st.just("die"), st.integers(1, 6), st.booleans()),
    ),
    min_size=4,
    max_size=24,
)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_any_story_ends_with_each_candidate_done_once(steps: list[tuple[Any, ...]]) -> None:
    """On a node of its own: anvil's snapshots do not survive its reorgs."""
    _need_anvil()
    with Anvil.start(AnvilOptions(no_mining=True)) as node, Rpc(node.url) as rpc, tempfile.TemporaryDirectory() as state_dir:
        bench = Bench.on(rpc, node.url, Path(state_dir))
        # Deep enough that no reorg takes the contracts away.
        for _ in range(8):
            bench.mine()
        _tell(bench, steps)


def _need_anvil() -> None:
    try:
        anvil_path()
    except AnvilError as error:
        pytest.skip(str(error))


def _tell(bench: Bench, steps: list[tuple[Any, ...]]) -> None:
    sender = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    before = int(bench.rpc.call("eth_getBalance", sender, "latest"), 16)
    story = Story(bench)
    run(lambda: story.live(steps))
    assert {number: bench.effects(number) for number in story.wanted} == dict.fromkeys(story.wanted, 1)
    assert bench.pool() == {}, "no nonce gap, nothing left behind"
    cost = before - int(bench.rpc.call("eth_getBalance", sender, "latest"), 16)
    with Outbox(next(bench.state_dir.glob("*.sqlite"))) as outbox:
        assert outbox.paid_since(0) == cost, "every wei is booked once"
        assert all(slot.winner is not None for slot in outbox.slots())
        assert outbox.next_nonce() == int(bench.rpc.call("eth_getTransactionCount", sender, "latest"), 16)
    # What was told of orphaned blocks went with their rows.
    standing = [outcome for outcome in story.told.values() if isinstance(outcome, Included) and bench.canonical(outcome.block)]
    assert len(standing) == len(story.wanted)
    assert all(isinstance(outcome, (Included, Dropped)) for outcome in story.told.values())


_CHILD = """
import asyncio, sys
from pathlib import Path
from contracts.devnet.rpc import Rpc
from tests.fork.dispatch_bench import FEES, Bench

async def main(url, state_dir, jobs):
    with Rpc(url) as rpc:
        bench = Bench(rpc, url, Path(state_dir))
        async with bench.dispatcher() as dispatcher:
            print("up", flush=True)
            left = set(range(1, jobs + 1))
            while left or dispatcher.open_accounts():
                for number in sorted(left)[:2]:
                    await dispatcher.send(bench.numbered_job(number), FEES)
                left -= {int(account.removeprefix("account-n")) for _, account in dispatcher.open_accounts()}
                await dispatcher.track(bench.mine())
                left -= {number for number in left if bench.effects(number)}

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def test_kill_9_at_random_moments(anvil: Callable[[AnvilOptions], Anvil], tmp_path: Path) -> None:
    """A real process, really killed, in the middle of signing, writing, sending or asking."""
    jobs = 30
    generator = random.Random(1)
    base = anvil(AnvilOptions(no_mining=True))
    with Rpc(base.url) as rpc:
        bench = Bench.on(rpc, base.url, tmp_path)
        kills = 0
        while not _ran_to_its_end([base.url, str(tmp_path), str(jobs)], generator.uniform(0.0, 0.1) if kills < _MOST_KILLS else 60):
            kills += 1
            assert kills <= _MOST_KILLS
        assert kills >= 2, "the test must have killed something"
        assert [bench.effects(number) for number in range(1, jobs + 1)] == [1] * jobs
        assert bench.pool() == {}
        sender = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
        assert int(rpc.call("eth_getTransactionCount", sender, "latest"), 16) == jobs


def _ran_to_its_end(arguments: list[str], after_s: float) -> bool:
    child = subprocess.Popen([sys.executable, "-c", _CHILD, *arguments], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child, child.stdout:
        assert child.stdout.readline() == b"up\n"
        try:
            child.wait(after_s)
        except subprocess.TimeoutExpired:
            child.kill()
        return child.wait() == 0
