"""Several keys as one: who sends what, and what is said of them together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Job, Part, Payment
from keeper.domain.chain import Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.outcome import Included
from keeper.errors import NonceConflict, SignerUnavailable
from tests.keeper.execution.key_pool import PAID, WORST, key_pool
from tests.keeper.execution.quiet_node import block, live
from tests.keeper.execution.test_dispatcher import FEES, job


def _later(name: str, at: int = 10) -> Job:
    """A newer candidate of the same account."""
    return replace(job(name, at), parts=(Part(CandidateId("later"), "venue", AccountKey(name)),))


def test_a_job_goes_to_the_key_with_the_fewest_open_nonces(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            first, second = keys.senders
            assert [await keys.sent(name) for name in "abcd"] == [first, second, first, second]
            keys.node.mine_of(second, block(11))
            await keys.pool.track(block(11))
            assert [await keys.sent(name) for name in "ef"] == [second, second]

    live(scenario)


def test_of_idle_keys_the_one_that_has_sent_less_is_next(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            senders = []
            for number, name in enumerate("abcd", 11):
                senders.append(await keys.sent(name))
                keys.node.mine_of(senders[-1], block(number))
                await keys.pool.track(block(number))
            assert senders == keys.senders * 2

    live(scenario)


def test_sends_of_one_moment_are_spread_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            attempts = await asyncio.gather(*(keys.pool.send(job(name), FEES) for name in "abcd"))
            assert sorted(attempt.sender for (attempt,) in attempts) == sorted(keys.senders * 2)

    live(scenario)


def test_an_account_in_flight_with_one_key_is_not_sent_by_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            keys.signers[0].gate.clear()
            waiting = asyncio.create_task(keys.pool.send(job("a"), FEES))
            await asyncio.sleep(0)
            assert keys.pool.open_accounts() == {("venue", "a")}, "while it is being signed"
            assert await keys.pool.send(job("a"), FEES) == ()
            keys.signers[0].gate.set()
            assert len(await waiting) == 1
            assert await keys.pool.send(_later("a"), FEES) == ()

    live(scenario)


def test_an_attempt_that_may_still_be_mined_is_replaced_by_its_own_key(tmp_path: Path) -> None:
    """Given up, its account may be tried anew; by another key both could be mined."""

    async def scenario() -> None:
        async with key_pool(tmp_path, max_bumps=0, dropped_after_blocks=2) as keys:
            first = await keys.sent("a")
            await keys.pool.track(block(12))
            assert keys.pool.open_accounts() == frozenset()
            (attempt,) = await keys.pool.send(_later("a", 12), FEES)
            assert (attempt.sender, attempt.nonce, attempt.replaces is not None) == (first, 0, True)

    live(scenario)


def test_a_candidate_that_one_key_has_done_is_not_done_by_another(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            first = await keys.sent("a")
            keys.node.mine_of(first, block(11))
            (item,) = await keys.pool.track(block(11))
            assert isinstance(item.outcome, Included)
            assert await keys.pool.send(job("a"), FEES) == ()

    live(scenario)


def test_a_key_whose_signer_is_down_is_passed_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
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
        async with key_pool(tmp_path) as keys:
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
        async with key_pool(tmp_path, spending_cap_wei_per_day=2 * WORST) as keys:
            await keys.sent("a")
            await keys.sent("b")
            assert await keys.pool.send(job("c"), FEES) == (), "what each may pay counts for both"
            keys.node.mine_of(keys.senders[0], block(11))
            await keys.pool.track(block(11))
            assert await keys.pool.send(job("c"), FEES) == (), "and what each has paid"

    live(scenario)


def test_the_cap_of_an_account_counts_what_any_key_has_paid_for_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path, spending_cap_wei_per_account=WORST + PAID - 1) as keys:
            first, second = keys.senders
            assert await keys.sent("a") == first
            keys.node.mine_of(first, block(11))
            await keys.pool.track(block(11))
            keys.pool.leave_out({first})
            again = replace(job("a", 11), parts=(replace(job("a").parts[0], candidate_id=CandidateId("later")),))
            assert await keys.pool.send(again, FEES) == ()
            assert await keys.sent("b") == second

    live(scenario)


def test_what_the_lake_remembers_of_each_key_counts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path, spending_cap_wei_per_day=2 * WORST) as keys:
            unknown = keys.pool.payments_unknown()
            assert list(unknown) == keys.senders
            for number, (sender, since_us) in enumerate(unknown.items()):
                payment = Payment(0, Hash32(f"0x{number:064x}"), 9, block(9).hash, WORST, since_us + 10**6)
                keys.pool.remember(sender, [payment])
            assert keys.pool.payments_unknown() == {}
            assert await keys.pool.send(job("a"), FEES) == ()

    live(scenario)


def test_everything_said_of_them_is_said_together(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            for name in "ab":
                await keys.sent(name)
            attempts = keys.pool.signed()
            assert [attempt.sender for attempt in attempts] == keys.senders
            a, b = ("venue", AccountKey("a")), ("venue", AccountKey("b"))
            assert [keys.pool.candidate_of(attempt.transaction_hash, key) for attempt, key in zip(attempts, (a, b), strict=True)] == [
                "a",
                "b",
            ]
            assert keys.pool.candidate_of(Hash32("0x" + "77" * 32), a) is None
            assert {attempt.transaction_hash for attempt in keys.pool.signed_lately()} == {each.transaction_hash for each in attempts}
            keys.pool.outbid("venue", AccountKey("b"), "0xthem")
            assert [keys.pool.rival_of(attempt.transaction_hash, key) for attempt, key in zip(attempts, (a, b), strict=True)] == [
                None,
                "0xthem",
            ]
            for sender in keys.senders:
                keys.node.mine_of(sender, block(11))
            settled = await keys.pool.track(block(11))
            assert sorted(item.attempt.sender for item in settled) == sorted(keys.senders)
            keys.pool.acknowledge([], [(item.attempt.transaction_hash, block(11).hash) for item in settled])
        async with key_pool(tmp_path, node=keys.node) as later:
            decided = later.pool.decided_lately()
            assert [each.candidates for each in decided] == [("a",), ("b",)]
            later.pool.tell_again(decided[1:])
            told = await later.pool.track(block(12))
            assert [item.attempt.candidate_id for item in told] == ["b"], "each outbox has ids of its own"

    live(scenario)


def test_a_stranger_on_one_of_the_keys_ends_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with key_pool(tmp_path) as keys:
            await keys.sent("a")
            keys.node.counts[keys.senders[0]] = 1
            keys.node.use(keys.senders[0], 0, block(11))
            for number in (11, 12):
                await keys.pool.track(block(number))
            with pytest.raises(NonceConflict, match=keys.senders[0]):
                await keys.pool.track(block(13))

    live(scenario)
