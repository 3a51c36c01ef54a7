"""Several keys as one: who sends what, what is said of them together, and that no account is in flight twice and no cap is exceeded."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job, Payment
from keeper.domain.chain import Address, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Included
from keeper.errors import NonceConflict, SignerUnavailable
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.dispatcher_pool import DispatcherPool
from keeper.execution.spending import Purse
from tests.keeper.execution.gated_signer import GatedSigner
from tests.keeper.execution.quiet_node import block, live
from tests.keeper.execution.shared_node import SharedNode
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, job

_WORST = GAS * FEES.max_fee_wei
_PAID = 50_000 * GWEI
"""What a mined transaction costs at this node."""


@dataclass
class _Keys:
    """A pool, its lanes, and what they sign with."""

    pool: DispatcherPool
    lanes: Sequence[TransactionDispatcher]
    signers: Sequence[GatedSigner]
    node: SharedNode

    @property
    def senders(self) -> list[Address]:
        return [signer.address for signer in self.signers]

    async def sent(self, name: str, fees: Fees = FEES) -> Address:
        """Who sent it."""
        attempt = await self.pool.send(job(name), fees)
        assert attempt is not None
        return attempt.sender


@asynccontextmanager
async def _keys(state_dir: Path, count: int = 2, node: SharedNode | None = None, **changes: Any) -> AsyncIterator[_Keys]:
    node, signers = node or SharedNode(), [GatedSigner.opened(bytes([number]) * 32) for number in range(1, count + 1)]
    choices: dict[str, Any] = {"bump_after_blocks": 2, "spending_cap_wei_per_day": 10**18, **changes}
    options = DispatcherOptions(chain_id=1, state_dir=state_dir, max_fee_cap_wei=100 * GWEI, **choices)
    purse = Purse()
    async with AsyncExitStack() as stack:
        lanes = [await stack.enter_async_context(TransactionDispatcher(options, signer, node, purse=purse)) for signer in signers]
        for lane in lanes:
            await lane.start()
        yield _Keys(DispatcherPool(lanes), lanes, signers, node)


def test_a_job_goes_to_the_key_with_the_fewest_open_nonces(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            first, second = keys.senders
            assert [await keys.sent(name) for name in "abcd"] == [first, second, first, second]
            keys.node.mine_of(second, block(11))
            await keys.pool.track(block(11))
            assert [await keys.sent(name) for name in "ef"] == [second, second]

    live(scenario)


def test_sends_of_one_moment_are_spread_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            attempts = await asyncio.gather(*(keys.pool.send(job(name), FEES) for name in "abcd"))
            assert sorted(attempt.sender for attempt in attempts if attempt is not None) == sorted(keys.senders * 2)

    live(scenario)


def test_an_account_in_flight_with_one_key_is_not_sent_by_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            keys.signers[0].gate.clear()
            waiting = asyncio.create_task(keys.pool.send(job("a"), FEES))
            await asyncio.sleep(0)
            assert keys.pool.open_accounts() == {("venue", "a")}, "while it is being signed"
            assert await keys.pool.send(job("a"), FEES) is None
            keys.signers[0].gate.set()
            assert await waiting is not None
            assert await keys.pool.send(replace(job("a"), candidate_id=CandidateId("later")), FEES) is None

    live(scenario)


def test_an_attempt_that_may_still_be_mined_is_replaced_by_its_own_key(tmp_path: Path) -> None:
    """Given up, its account may be tried anew; by another key both could be mined."""

    async def scenario() -> None:
        async with _keys(tmp_path, max_bumps=0, dropped_after_blocks=2) as keys:
            first = await keys.sent("a")
            await keys.pool.track(block(12))
            assert keys.pool.open_accounts() == frozenset()
            attempt = await keys.pool.send(replace(job("a", 12), candidate_id=CandidateId("later")), FEES)
            assert attempt is not None
            assert (attempt.sender, attempt.nonce, attempt.replaces is not None) == (first, 0, True)

    live(scenario)


def test_a_candidate_that_one_key_has_done_is_not_done_by_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            first = await keys.sent("a")
            keys.node.mine_of(first, block(11))
            (item,) = await keys.pool.track(block(11))
            assert isinstance(item.outcome, Included)
            assert await keys.pool.send(job("a"), FEES) is None

    live(scenario)


def test_a_key_whose_signer_is_down_is_passed_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            first, second = keys.senders
            keys.signers[0].down = True
            assert [await keys.sent(name) for name in "ab"] == [second, second]
            keys.signers[1].down = True
            with pytest.raises(SignerUnavailable):
                await keys.pool.send(job("c"), FEES)
            keys.signers[0].down = False
            assert await keys.sent("c") == first

    live(scenario)


def test_a_key_without_gas_or_right_is_left_out_until_it_has_them(tmp_path: Path) -> None:
    """Where none has them, the first is as good as any: the node's words will say what is missing."""

    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            first, second = keys.senders
            keys.pool.leave_out({first})
            assert keys.pool.sender == second
            assert [await keys.sent(name) for name in "ab"] == [second, second]
            keys.pool.leave_out({first, second})
            assert keys.pool.sender == first
            assert await keys.sent("c") == first
            keys.pool.leave_out(set())
            assert await keys.sent("d") == first

    live(scenario)


def test_the_cap_is_one_for_all(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path, spending_cap_wei_per_day=2 * _WORST) as keys:
            await keys.sent("a")
            await keys.sent("b")
            assert await keys.pool.send(job("c"), FEES) is None, "what each may pay counts for both"
            keys.node.mine_of(keys.senders[0], block(11))
            await keys.pool.track(block(11))
            assert await keys.pool.send(job("c"), FEES) is None, "and what each has paid"

    live(scenario)


def test_the_cap_of_an_account_counts_what_any_key_has_paid_for_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path, spending_cap_wei_per_account=_WORST + _PAID - 1) as keys:
            first, second = keys.senders
            assert await keys.sent("a") == first
            keys.node.mine_of(first, block(11))
            await keys.pool.track(block(11))
            keys.pool.leave_out({first})
            again = replace(job("a", 11), candidate_id=CandidateId("later"))
            assert await keys.pool.send(again, FEES) is None
            assert await keys.sent("b") == second

    live(scenario)


def test_what_the_lake_remembers_of_each_key_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path, spending_cap_wei_per_day=2 * _WORST) as keys:
            unknown = keys.pool.payments_unknown()
            assert list(unknown) == keys.senders
            for number, (sender, since_us) in enumerate(unknown.items()):
                payment = Payment(0, Hash32(f"0x{number:064x}"), 9, block(9).hash, _WORST, since_us + 10**6)
                keys.pool.remember(sender, [payment])
            assert keys.pool.payments_unknown() == {}
            assert await keys.pool.send(job("a"), FEES) is None

    live(scenario)


def test_everything_said_of_them_is_said_together(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            for name in "ab":
                await keys.sent(name)
            attempts = keys.pool.signed()
            assert [attempt.sender for attempt in attempts] == keys.senders
            assert [keys.pool.candidate_of(attempt.transaction_hash) for attempt in attempts] == ["a", "b"]
            assert keys.pool.candidate_of(Hash32("0x" + "77" * 32)) is None
            assert {attempt.transaction_hash for attempt in keys.pool.signed_lately()} == {each.transaction_hash for each in attempts}
            keys.pool.outbid("venue", AccountKey("b"), "0xthem")
            assert [keys.pool.rival_of(attempt.transaction_hash) for attempt in attempts] == [None, "0xthem"]
            for sender in keys.senders:
                keys.node.mine_of(sender, block(11))
            settled = await keys.pool.track(block(11))
            assert sorted(item.attempt.sender for item in settled) == sorted(keys.senders)
            keys.pool.acknowledge([], [(item.attempt.transaction_hash, block(11).hash) for item in settled])
        async with _keys(tmp_path, node=keys.node) as later:
            decided = later.pool.decided_lately()
            assert [each.candidate_id for each in decided] == ["a", "b"]
            later.pool.tell_again(decided[1:])
            told = await later.pool.track(block(12))
            assert [item.attempt.candidate_id for item in told] == ["b"], "each outbox has ids of its own"

    live(scenario)


def test_a_stranger_on_one_of_the_keys_ends_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with _keys(tmp_path) as keys:
            await keys.sent("a")
            keys.node.counts[keys.senders[0]] = 1
            keys.node.use(keys.senders[0], 0, block(11))
            for number in (11, 12):
                await keys.pool.track(block(number))
            with pytest.raises(NonceConflict, match=keys.senders[0]):
                await keys.pool.track(block(13))

    live(scenario)


@dataclass
class _Story:
    """What was sent and mined of a pool, and what must hold after every step."""

    keys: _Keys
    cap_wei: int
    number: int = 10
    attempts: dict[str, Attempt] = field(default_factory=dict)
    mined: list[str] = field(default_factory=list)

    async def play(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("send", *names):
                await asyncio.gather(*(self._send(name) for name in names))
            case ("mine", key, most):
                self.number += 1
                self.mined += self.keys.node.mine_of(self.keys.senders[key], block(self.number), most)
            case ("head", base_fee_gwei):
                self.number += 1
                await self._track(base_fee_gwei * GWEI)
            case ("down", key, down):
                self.keys.signers[key].down = down
            case ("unfit", *unfit):
                self.keys.pool.leave_out({self.keys.senders[key] for key in unfit})
        self._check()

    async def _send(self, name: str) -> None:
        """As the engine does at every block: a candidate of its own each time."""
        work: Job = replace(job(name, self.number), candidate_id=CandidateId(f"{name}-{self.number}"), account=AccountKey(name))
        try:
            await self.keys.pool.send(work, FEES)
        except SignerUnavailable:
            return

    async def _track(self, base_fee_wei: int) -> None:
        await self.keys.pool.track(replace(block(self.number), base_fee_wei=base_fee_wei))
        for _ in range(200):
            await asyncio.sleep(0)

    def _check(self) -> None:
        self.attempts |= {attempt.transaction_hash: attempt for attempt in self.keys.pool.signed()}
        open_accounts = [account for lane in self.keys.lanes for account in lane.open_accounts()]
        assert len(open_accounts) == len(set(open_accounts)), "an account is in flight with two keys"
        # As the chain has it: the worst of what is signed for each nonce that is not used, and what was paid.
        worst: dict[tuple[str, int], int] = {}
        for attempt in self.attempts.values():
            place = (attempt.sender, attempt.nonce)
            if attempt.nonce >= self.keys.node.counts[attempt.sender]:
                worst[place] = max(worst.get(place, 0), attempt.gas_limit * attempt.fees.max_fee_wei)
        assert sum(worst.values()) + len(self.mined) * _PAID <= self.cap_wei
        nonces = {(attempt.sender, attempt.nonce) for attempt in self.attempts.values()}
        for sender in self.keys.senders:
            own = sorted(nonce for owner, nonce in nonces if owner == sender)
            assert own == list(range(len(own))), "a nonce is left out"


_KEY = st.integers(0, 2)
_STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4).map(lambda names: ("send", *names)),
        st.tuples(st.just("mine"), _KEY, st.integers(1, 3)),
        st.tuples(st.just("head"), st.sampled_from([0, 1, 3, 10])),
        st.tuples(st.just("down"), _KEY, st.booleans()),
        st.lists(_KEY, max_size=3).map(lambda keys: ("unfit", *keys)),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=_STEPS, cap=st.integers(1, 8))
def test_whatever_happens_no_account_is_in_flight_twice_and_the_cap_holds(steps: list[tuple[Any, ...]], cap: int) -> None:
    cap_wei = cap * _WORST

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as state_dir:
            async with _keys(Path(state_dir), 3, spending_cap_wei_per_day=cap_wei, dropped_after_blocks=4) as keys:
                story = _Story(keys, cap_wei)
                for step in steps:
                    await story.play(step)

    live(scenario)
