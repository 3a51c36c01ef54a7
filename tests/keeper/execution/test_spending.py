"""Whatever is sent, raised, replaced, cancelled, mined or orphaned, and however often the keeper starts anew: no cap is ever passed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Part
from keeper.domain.chain import BlockRef
from keeper.domain.decision import CandidateId
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.local_signer import LocalSigner
from tests.keeper.execution.quiet_node import QuietNode, block, live
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, job

HOUR, DAY = 3_600, 86_400
COST = GAS * FEES.max_fee_wei
VALUE = COST // 2
PER_HOUR, PER_DAY, PER_ACCOUNT = 3 * COST, 5 * COST, 2 * COST


@dataclass(frozen=True)
class Payment:
    """A mined transaction: when, for whom, and all that it took. All of it counts for each of its accounts."""

    at: int
    accounts: set[AccountKey]
    cost_wei: int
    block: BlockRef
    transaction_hash: str


@dataclass
class World:
    """A chain that takes any signed transaction at its highest price, and a clock."""

    state_dir: Path
    node: QuietNode = field(default_factory=lambda: QuietNode(answers={"eth_getTransactionByHash": None, "debug_traceBlockByHash": []}))
    now: int = 10**9
    head: BlockRef = field(default_factory=lambda: block(10))
    fork: int = 0
    jobs: dict[CandidateId, Job] = field(default_factory=dict)
    signed: dict[int, dict[str, Attempt]] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    halt: bool = False

    @asynccontextmanager
    async def dispatching(self, **changes: Any) -> AsyncIterator[TransactionDispatcher]:
        limits = {
            "spending_cap_wei_per_day": PER_DAY,
            "spending_cap_wei_per_hour": PER_HOUR,
            "spending_cap_wei_per_account": PER_ACCOUNT,
            **changes,
        }
        options = DispatcherOptions(
            chain_id=1,
            state_dir=self.state_dir,
            max_fee_cap_wei=100 * GWEI,
            bump_after_blocks=2,
            halt=lambda: self.halt,
            **limits,
        )
        signer = LocalSigner(Account.from_key(b"\x01" * 32))
        async with TransactionDispatcher(options, signer, self.node, clock=lambda: float(self.now)) as dispatcher:
            await dispatcher.start()
            yield dispatcher

    async def send(self, dispatcher: TransactionDispatcher, accounts: str, value_wei: int = 0) -> Attempt | None:
        """A new job for the accounts, one letter each."""
        number = len(self.jobs)
        parts = tuple(Part(CandidateId(f"{account}-{number}"), "venue", AccountKey(account)) for account in accounts)
        own = replace(job(f"{accounts}-{number}", self.head.number), parts=parts, value_wei=value_wei)
        self.jobs |= {part.candidate_id: own for part in parts}
        attempts = await dispatcher.send(own, FEES)
        self.note(dispatcher)
        return attempts[0] if attempts else None

    async def track(self, dispatcher: TransactionDispatcher, base_fee_wei: int = GWEI) -> None:
        """The next block."""
        self.head = replace(block(self.head.number + 1, self.fork), base_fee_wei=base_fee_wei)
        await dispatcher.track(self.head)
        self.note(dispatcher)

    def note(self, dispatcher: TransactionDispatcher) -> None:
        """What was signed since, by nonce."""
        for attempt in dispatcher.signed():
            self.signed.setdefault(attempt.nonce, {})[attempt.transaction_hash] = attempt

    async def mine(self, dispatcher: TransactionDispatcher, choice: int = 0, *, succeeded: bool = True) -> None:
        """One of the transactions at the next nonce."""
        attempts = list(self.signed.get(self.node.used, {}).values())
        if not attempts:
            return
        attempt = attempts[choice % len(attempts)]
        at = block(self.head.number + 1, self.fork)
        self.node.mine(attempt.transaction_hash, at, succeeded=succeeded, gas=attempt.gas_limit, price_wei=attempt.fees.max_fee_wei)
        self.node.used += 1
        own = self.jobs[attempt.candidate_id]
        paid_wei = own.value_wei if succeeded and attempt.gas_limit == own.gas_limit else 0
        cost_wei = attempt.gas_limit * attempt.fees.max_fee_wei + paid_wei
        self.payments.append(Payment(self.now, {part.account for part in own.parts}, cost_wei, at, attempt.transaction_hash))
        await self.track(dispatcher)

    async def reorg(self, dispatcher: TransactionDispatcher) -> None:
        """The newest block with a transaction of ours is replaced, if it is young: finality is far nearer than an hour."""
        if not self.payments or self.payments[-1].at != self.now:
            return
        payment = self.payments.pop()
        self.fork += 1
        self.node.receipts.pop(payment.transaction_hash)
        self.node.canonical[payment.block.number] = block(payment.block.number, self.fork)
        self.node.used -= 1
        await self.track(dispatcher)

    def must_be_within_the_caps(self) -> None:
        """At every payment, with those in the window before it."""
        for last in self.payments:
            within_day = [each for each in self.payments if last.at - DAY < each.at <= last.at]
            within_hour = [each for each in within_day if last.at - HOUR < each.at]
            assert sum(each.cost_wei for each in within_hour) <= PER_HOUR
            assert sum(each.cost_wei for each in within_day) <= PER_DAY
            for account in last.accounts:
                assert sum(each.cost_wei for each in within_day if account in each.accounts) <= PER_ACCOUNT


_SEND = st.tuples(st.just("send"), st.sampled_from(["a", "b", "ab"]), st.sampled_from([0, VALUE]))
_MINE = st.tuples(st.just("mine"), st.integers(0, 3), st.sampled_from([True, True, False]))
STEPS = st.lists(
    st.one_of(
        *[_SEND] * 4,
        *[_MINE] * 4,
        st.tuples(st.just("head"), st.sampled_from([GWEI, 3 * GWEI, 6 * GWEI])),
        st.tuples(st.just("reorg")),
        st.tuples(st.just("outbid"), st.sampled_from("ab")),
        st.tuples(st.just("wait"), st.sampled_from([1_700, 3_700, 40_000])),
        st.tuples(st.just("restart")),
    ),
    min_size=12,
    max_size=40,
)


async def _play(world: World, steps: Sequence[tuple[Any, ...]]) -> None:
    waiting = list(steps)
    while True:
        async with world.dispatching() as dispatcher:
            while waiting:
                match waiting.pop(0):
                    case ("send", accounts, value_wei):
                        await world.send(dispatcher, accounts, value_wei)
                    case ("head", base_fee_wei):
                        await world.track(dispatcher, base_fee_wei)
                    case ("mine", choice, succeeded):
                        await world.mine(dispatcher, choice, succeeded=succeeded)
                    case ("reorg",):
                        await world.reorg(dispatcher)
                    case ("outbid", account):
                        dispatcher.outbid("venue", AccountKey(account), "0xrival")
                    case ("wait", seconds):
                        world.now += seconds
                    case ("restart",):
                        break
                world.must_be_within_the_caps()
            else:
                return


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_no_cap_is_ever_passed(steps: list[tuple[Any, ...]]) -> None:
    """Whatever the chain takes, it takes it at its highest price."""
    with tempfile.TemporaryDirectory() as state_dir:
        asyncio.run(asyncio.wait_for(_play(World(Path(state_dir)), steps), 60))


def test_an_hour_has_a_cap_of_its_own_and_frees_after_an_hour(tmp_path: Path) -> None:
    async def scenario() -> None:
        world = World(tmp_path)
        async with world.dispatching(spending_cap_wei_per_hour=2 * COST, spending_cap_wei_per_account=None) as dispatcher:
            for account in ("a", "b"):
                assert await world.send(dispatcher, account) is not None
                await world.mine(dispatcher)
            assert await world.send(dispatcher, "c") is None
        world.now += HOUR
        async with world.dispatching(spending_cap_wei_per_hour=2 * COST) as dispatcher:
            assert await world.send(dispatcher, "c") is None, "the second before it is over"
            world.now += 1
            assert await world.send(dispatcher, "c") is not None

    live(scenario)


def test_an_account_at_its_cap_is_left_and_the_others_go_on(tmp_path: Path) -> None:
    """What was paid for it and what may still be mined count together."""

    async def scenario() -> None:
        world = World(tmp_path)
        async with world.dispatching(spending_cap_wei_per_account=2 * COST, spending_cap_wei_per_hour=None) as dispatcher:
            assert await world.send(dispatcher, "a") is not None
            await world.mine(dispatcher)
            assert await world.send(dispatcher, "a") is not None
            assert await world.send(dispatcher, "a") is None
            assert await world.send(dispatcher, "b") is not None
            assert dispatcher.spending_problem() is None, "no cap of all accounts is reached"

    live(scenario)


def test_the_fee_of_a_pushed_price_counts_when_it_may_be_paid_and_when_it_was(tmp_path: Path) -> None:
    """What reverted has paid gas alone."""

    async def scenario() -> None:
        for succeeded, room in ((True, False), (False, True)):
            world = World(tmp_path / str(succeeded))
            caps = {"spending_cap_wei_per_day": 2 * COST + VALUE - 1, "spending_cap_wei_per_hour": None}
            async with world.dispatching(**caps) as dispatcher:
                assert await world.send(dispatcher, "a", COST + VALUE) is None
                assert await world.send(dispatcher, "a", VALUE) is not None
                assert await world.send(dispatcher, "b") is None
                await world.mine(dispatcher, succeeded=succeeded)
                assert (await world.send(dispatcher, "b") is not None) is room

    live(scenario)


def test_a_cap_that_is_used_up_is_told_until_there_is_room_again(tmp_path: Path) -> None:
    """Reserved for what is in flight is not spent yet."""

    async def scenario() -> None:
        world = World(tmp_path)
        async with world.dispatching(spending_cap_wei_per_hour=COST) as dispatcher:
            assert dispatcher.spending_problem() is None
            await world.send(dispatcher, "a")
            assert await world.send(dispatcher, "b") is None
            assert dispatcher.spending_problem() is None
            await world.mine(dispatcher)
            assert await world.send(dispatcher, "b") is None
            assert "spent within an hour, too little is left" in (dispatcher.spending_problem() or "")
            world.now += HOUR + 1
            assert dispatcher.spending_problem() is None

    live(scenario)


def test_the_kill_switch_commits_to_no_more_and_finishes_what_is_begun(tmp_path: Path) -> None:
    """No new job, no raise, not even where the fee is too low; offers, outcomes and cancellations go on. Then all goes on."""

    async def scenario() -> None:
        world = World(tmp_path)
        async with world.dispatching(spending_cap_wei_per_hour=None) as dispatcher:
            for account in ("a", "b", "c"):
                assert await world.send(dispatcher, account) is not None
            world.halt = True
            assert await world.send(dispatcher, "d") is None
            offers = list(world.node.sent)
            for _ in range(4):
                await world.track(dispatcher, 6 * GWEI)
            assert {nonce: len(attempts) for nonce, attempts in world.signed.items()} == {0: 1, 1: 1, 2: 1}
            assert len(world.node.sent) > len(offers), "pools forget: what is signed is offered again"
            assert set(world.node.sent) == set(offers), "the same bytes"
            await world.mine(dispatcher)
            dispatcher.outbid("venue", AccountKey("b"), "0xrival")
            await world.track(dispatcher)
            assert [attempt.gas_limit for attempt in world.signed[1].values()] == [GAS, 21_000]
            world.halt = False
            assert await world.send(dispatcher, "d") is not None

    live(scenario)
