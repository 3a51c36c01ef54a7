"""The dispatcher against a real node with manual mining: Euler's seven cases, and reorgs, restarts and strangers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.rpc import Rpc
from keeper.domain.account import AccountKey
from keeper.domain.attempt import Settled
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Dropped, Included, Outbid, Reverted
from keeper.errors import NonceConflict, RpcUnavailable
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.local_signer import LocalSigner
from keeper.execution.node import Json, Node
from keeper.execution.outbox import Outbox
from keeper.execution.signer import Unsigned
from tests.fork.dispatch_bench import COUNTER, FEES, GAS, GRUMPY, GWEI, KEY, Bench, run, sent

pytestmark = pytest.mark.fork


@pytest.fixture
def bench(anvil: Callable[[AnvilOptions], Anvil], tmp_path: Path) -> Iterator[Bench]:
    node = anvil(AnvilOptions(no_mining=True))
    with Rpc(node.url) as rpc:
        yield Bench.on(rpc, node.url, tmp_path)


def test_happy_path(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            jobs = [bench.job(name) for name in ("a", "b", "c")]
            attempts = [await sent(dispatcher, job) for job in jobs]
            assert [attempt.nonce for attempt in attempts] == [0, 1, 2]
            assert dispatcher.open_accounts() == {part.key for job in jobs for part in job.parts}
            assert await dispatcher.track(bench.head()) == []
            head = bench.mine()
            settled = await dispatcher.track(head)
            assert [item.attempt for item in settled] == attempts
            for item in settled:
                assert isinstance(item.outcome, Included)
                assert item.outcome.block == head
                assert item.outcome.gas_cost_wei == item.outcome.gas_used * (GWEI + GWEI // 10)
            assert dispatcher.open_accounts() == frozenset()
            assert await dispatcher.track(bench.mine()) == []
            assert bench.count() == 3

    run(test)


def test_a_revert_tells_why(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            await sent(dispatcher, bench.job("a", to=GRUMPY))
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Reverted)
            assert item.outcome.data == bytes.fromhex("deadbeef")
            assert item.outcome.gas_used > 21_000
            assert await dispatcher.send(bench.job("a"), FEES), "a reverted candidate may be tried again"

    run(test)


def test_stuck_then_raised_then_included(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            first = await sent(dispatcher, bench.job("a"))
            assert await dispatcher.track(bench.mine_empty()) == []
            assert bench.pool() == {0: first.transaction_hash}
            assert await dispatcher.track(bench.mine_empty()) == []
            second = dispatcher.signed()[-1]
            assert (second.nonce, second.replaces) == (0, first.transaction_hash)
            assert second.fees == Fees(FEES.max_fee_wei * 5 // 4, FEES.priority_fee_wei * 5 // 4)
            assert bench.pool() == {0: second.transaction_hash}
            (item,) = await dispatcher.track(bench.mine())
            assert item.attempt == second
            assert isinstance(item.outcome, Included)
            assert bench.count() == 1

    run(test)


def test_what_a_pool_forgot_is_offered_again(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher(max_bumps=0) as dispatcher:
            attempt = await sent(dispatcher, bench.job("a"))
            bench.rpc.call("anvil_dropAllTransactions")
            await dispatcher.track(bench.mine())
            assert bench.pool() == {0: attempt.transaction_hash}

    run(test)


def test_the_first_of_two_versions_is_settled_too(bench: Bench) -> None:
    """A raised transaction does not hide the earlier one: whichever the block took is the outcome."""

    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            first = await sent(dispatcher, bench.job("a"))
            raw = bench.rpc.call("eth_getRawTransactionByHash", first.transaction_hash)
            for _ in range(2):
                await dispatcher.track(bench.mine_empty())
            bench.rpc.call("anvil_dropAllTransactions")
            bench.rpc.call("eth_sendRawTransaction", raw)
            (item,) = await dispatcher.track(bench.mine())
            assert item.attempt == first
            assert isinstance(item.outcome, Included)

    run(test)


def test_given_up_keeps_nonce_and_floor_and_the_next_job_replaces_it(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher(max_bumps=0, dropped_after_blocks=3) as dispatcher:
            first = await sent(dispatcher, bench.job("a"))
            for _ in range(3):
                assert await dispatcher.track(bench.mine_empty()) == []
            assert dispatcher.open_accounts() == frozenset(), "a given-up account may be tried anew"
            assert bench.pool() == {0: first.transaction_hash}, "nothing else is done until the nonce is needed"
            second = await sent(dispatcher, bench.job("b"), Fees(GWEI, GWEI // 2))
            assert (second.nonce, second.replaces) == (0, first.transaction_hash)
            assert second.fees.max_fee_wei == FEES.max_fee_wei * 5 // 4
            assert bench.pool() == {0: second.transaction_hash}
            settled = {item.attempt.candidate_id: item.outcome for item in await dispatcher.track(bench.mine())}
            dropped = settled[CandidateId("a")]
            assert isinstance(settled[CandidateId("b")], Included)
            assert isinstance(dropped, Dropped)
            assert dropped.reason == f"not in a block after 3 blocks; replaced by {second.transaction_hash}"
            assert bench.count() == 1

    run(test)


def test_given_up_and_not_needed_is_cancelled_in_the_end(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher(max_bumps=0, dropped_after_blocks=2) as dispatcher:
            attempt = await sent(dispatcher, bench.job("a"))
            for _ in range(4):
                assert bench.pool() == {0: attempt.transaction_hash}
                assert await dispatcher.track(bench.mine_empty()) == []
            assert bench.pool()[0] != attempt.transaction_hash
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Dropped)
            assert item.outcome.gas_used == 21_000
            assert item.outcome.gas_cost_wei > 0
            assert bench.count() == 0
            assert bench.pool() == {}

    run(test)


def test_a_good_job_does_not_wait_behind_a_given_up_one(bench: Bench) -> None:
    """The stuck nonce is cancelled with a self-transfer when another job is behind it."""

    async def test() -> None:
        async with bench.dispatcher(max_bumps=0, dropped_after_blocks=3) as dispatcher:
            await sent(dispatcher, bench.job("stuck"))
            await dispatcher.track(bench.mine_empty())
            behind = await sent(dispatcher, bench.job("good"))
            assert behind.nonce == 1
            for _ in range(2):
                await dispatcher.track(bench.mine_empty())
            assert dispatcher.open_accounts() == {("venue", "account-good")}
            settled = await dispatcher.track(bench.mine())
            outcomes = {item.attempt.candidate_id: item.outcome for item in settled}
            assert isinstance(outcomes[CandidateId("good")], Included)
            cancelled = outcomes[CandidateId("stuck")]
            assert isinstance(cancelled, Dropped)
            assert "cancelled by" in cancelled.reason
            assert bench.count() == 1

    run(test)


def test_nonce_too_low_moves_the_job_when_our_earlier_one_took_the_nonce(bench: Bench) -> None:
    """A given-up transaction is mined just before the next job would replace it: the job gets a fresh nonce."""

    async def test() -> None:
        async with bench.dispatcher(max_bumps=0, dropped_after_blocks=2) as dispatcher:
            await sent(dispatcher, bench.job("a"))
            for _ in range(2):
                await dispatcher.track(bench.mine_empty())
            head = bench.mine()
            await sent(dispatcher, bench.job("b"))
            moved = dispatcher.signed()[-1]
            assert moved.nonce == 1
            assert bench.pool() == {1: moved.transaction_hash}
            (first,) = await dispatcher.track(head)
            assert first.attempt.candidate_id == "a"
            assert isinstance(first.outcome, Included)
            (second,) = await dispatcher.track(bench.mine())
            assert second.attempt == moved
            assert isinstance(second.outcome, Included)
            assert bench.count() == 2

    run(test)


def test_a_stranger_on_our_nonce_is_fatal_once(bench: Bench) -> None:
    """The second process is noticed, written down, and a restart goes on behind what it used."""

    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            bench.rpc.call("eth_sendTransaction", {"from": dispatcher.sender, "to": dispatcher.sender})
            bench.mine()
            await sent(dispatcher, bench.job("a"))
            for _ in range(2):
                assert await dispatcher.track(bench.mine()) == []
            with pytest.raises(NonceConflict, match="nonce 0 was used by a transaction this keeper did not send"):
                await dispatcher.track(bench.mine())
        async with bench.dispatcher() as dispatcher:
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Dropped)
            attempt = await sent(dispatcher, bench.job("b"))
            assert attempt.nonce == 1
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Included)

    run(test)


def test_a_strangers_pending_transaction_is_not_overwritten(bench: Bench) -> None:
    async def test() -> None:
        bench.rpc.call("eth_sendTransaction", {"from": Account.from_key(KEY).address, "to": COUNTER})
        with pytest.raises(NonceConflict, match="pending transactions up to nonce 0"):
            async with bench.dispatcher():
                pass

    run(test)


def test_the_budget_refuses_the_first_send(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            assert await dispatcher.send(bench.job("a", budget_wei=GAS * FEES.max_fee_wei - 1), FEES) == ()
            assert bench.pool() == {}
            assert dispatcher.open_accounts() == frozenset()
            assert (await sent(dispatcher, bench.job("a", budget_wei=GAS * FEES.max_fee_wei))).nonce == 0

    run(test)


def test_the_budget_refuses_a_raise(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            attempt = await sent(dispatcher, bench.job("a", budget_wei=GAS * FEES.max_fee_wei * 5 // 4 - 1))
            for _ in range(4):
                assert await dispatcher.track(bench.mine_empty()) == []
            assert bench.pool() == {0: attempt.transaction_hash}
            assert len(dispatcher.signed()) == 1

    run(test)


def test_the_spending_cap_holds_across_restarts_and_frees_after_a_day(bench: Bench) -> None:
    async def test() -> None:
        worst = GAS * FEES.max_fee_wei
        async with bench.dispatcher(spending_cap_wei_per_day=2 * worst) as dispatcher:
            await sent(dispatcher, bench.job("a"))
            await sent(dispatcher, bench.job("b"))
            assert await dispatcher.send(bench.job("c"), FEES) == (), "both are counted at their worst"
        async with bench.dispatcher(spending_cap_wei_per_day=2 * worst) as dispatcher:
            assert await dispatcher.send(bench.job("c"), FEES) == (), "a restart does not forget"
            paid = sum(_cost(item) for item in await dispatcher.track(bench.mine()))
            assert 0 < paid < worst
            await sent(dispatcher, bench.job("c"))
            paid += sum(_cost(item) for item in await dispatcher.track(bench.mine()))
        async with bench.dispatcher(spending_cap_wei_per_day=paid + worst - 1) as dispatcher:
            assert await dispatcher.send(bench.job("d"), FEES) == (), "what was paid today counts"
            bench.now += 86_401
            await sent(dispatcher, bench.job("d"))

    run(test)


def _cost(item: Settled) -> int:
    assert isinstance(item.outcome, Included)
    return item.outcome.gas_cost_wei


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_reorganised_inclusion_is_opened_again(bench: Bench, depth: int) -> None:
    async def test() -> None:
        async with bench.dispatcher(bump_after_blocks=50) as dispatcher:
            attempt = await sent(dispatcher, bench.job("a"))
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Included)
            for _ in range(depth - 1):
                assert await dispatcher.track(bench.mine()) == []
            bench.reorg(depth)
            bench.rpc.call("anvil_dropAllTransactions")
            assert bench.count() == 0
            assert await dispatcher.track(bench.head()) == []
            assert dispatcher.open_accounts() == {("venue", "account-a")}
            assert bench.pool() == {0: attempt.transaction_hash}, "the same bytes again"
            (again,) = await dispatcher.track(head := bench.mine())
            assert again.attempt == attempt
            assert isinstance(again.outcome, Included)
            assert again.outcome.block == head
            assert bench.count() == 1

    run(test)


def test_an_inclusion_deep_enough_is_looked_at_no_more(bench: Bench) -> None:
    async def test() -> None:
        asked: list[str] = []
        async with (
            ForkConnection(bench.url, 10) as inner,
            bench.dispatcher(node=Listening(inner, asked), senders=[inner], final_after_blocks=2) as dispatcher,
        ):
            await sent(dispatcher, bench.job("a"))
            for _ in range(4):
                await dispatcher.track(bench.mine())
            asked.clear()
            await dispatcher.track(bench.mine())
            assert asked == []

    run(test)


@dataclass
class Listening:
    """Passes everything on and notes the methods."""

    inner: Node
    asked: list[str]

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        self.asked.append(method)
        return await self.inner.request(method, params)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Any]:
        self.asked.extend(method for method, _ in calls)
        return await self.inner.batch(calls)


class Down:
    """Nobody home."""

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        raise RpcUnavailable(f"{method}: down")

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Any]:
        raise RpcUnavailable("down")


def test_a_dead_endpoint_is_passed_over_and_a_dead_network_only_delays(bench: Bench) -> None:
    async def test() -> None:
        async with ForkConnection(bench.url, 10) as inner, bench.dispatcher(senders=[Down(), inner]) as dispatcher:
            first = await sent(dispatcher, bench.job("a"))
            assert bench.pool() == {0: first.transaction_hash}
        async with bench.dispatcher(senders=[Down()]) as dispatcher:
            second = await sent(dispatcher, bench.job("b"))
            assert bench.pool() == {0: first.transaction_hash}
        async with bench.dispatcher() as dispatcher:
            assert bench.pool() == {0: first.transaction_hash, 1: second.transaction_hash}, "start sends what was written"
            assert len(await dispatcher.track(bench.mine())) == 2

    run(test)


def test_a_restart_tells_again_what_was_not_acknowledged(bench: Bench) -> None:
    """Row by row: what the lake committed of them is told no more."""

    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            await sent(dispatcher, bench.job("a"))
            await sent(dispatcher, bench.job("b", to=GRUMPY))
        head = bench.mine()
        async with bench.dispatcher() as dispatcher:
            first = await dispatcher.track(head)
            assert [type(item.outcome) for item in first] == [Included, Reverted]
            assert await dispatcher.track(head) == []
        async with bench.dispatcher() as dispatcher:
            assert await dispatcher.track(bench.head()) == first
            assert await dispatcher.track(bench.head()) == []
            dispatcher.acknowledge([], [(first[0].attempt.transaction_hash, head.hash)])
        async with bench.dispatcher() as dispatcher:
            assert await dispatcher.track(bench.head()) == first[1:]
            dispatcher.acknowledge([], [(first[1].attempt.transaction_hash, head.hash)])
        async with bench.dispatcher() as dispatcher:
            assert await dispatcher.track(bench.head()) == []

    run(test)


def test_what_is_final_is_told_again_when_the_lake_lacks_it(bench: Bench) -> None:
    """Also what an earlier process took for reported."""

    async def test() -> None:
        async with bench.dispatcher(final_after_blocks=2) as dispatcher:
            attempt = await sent(dispatcher, bench.job("a"))
            (told,) = await dispatcher.track(head := bench.mine())
            dispatcher.acknowledge([attempt.transaction_hash], [(attempt.transaction_hash, head.hash)])
            for _ in range(3):
                await dispatcher.track(bench.mine())
        async with bench.dispatcher(final_after_blocks=2) as dispatcher:
            assert dispatcher.signed_lately() == [attempt]
            (decided,) = dispatcher.decided_lately()
            assert (decided.mined, decided.block_hash) == (True, head.hash)
            dispatcher.tell_again([decided])
            assert await dispatcher.track(bench.head()) == [told]
            assert await dispatcher.track(bench.mine()) == []

    run(test)


def test_an_acknowledgement_of_an_orphaned_block_does_not_count_for_the_next(bench: Bench) -> None:
    """The lake took the row away with the block: the outcome in the other block is told until it is committed itself."""

    async def test() -> None:
        async with bench.dispatcher(bump_after_blocks=50) as dispatcher:
            attempt = await sent(dispatcher, bench.job("a"))
            orphan = bench.mine()
            assert len(await dispatcher.track(orphan)) == 1
            bench.reorg(1)
            await dispatcher.track(bench.head())
            assert len(await dispatcher.track(bench.mine())) == 1
            dispatcher.acknowledge([], [(attempt.transaction_hash, orphan.hash)])
        async with bench.dispatcher() as dispatcher:
            assert len(await dispatcher.track(bench.head())) == 1

    run(test)


def test_a_candidate_is_never_sent_twice(bench: Bench) -> None:
    """While open, after inclusion, and across a restart: a replayed block gives the same candidate, and that is done."""

    async def test() -> None:
        job = bench.job("a")
        async with bench.dispatcher() as dispatcher:
            await sent(dispatcher, job)
            assert await dispatcher.send(job, FEES) == ()
        async with bench.dispatcher() as dispatcher:
            assert await dispatcher.send(job, FEES) == ()
            assert len(await dispatcher.track(bench.mine())) == 1
            assert await dispatcher.send(job, FEES) == ()
            assert bench.count() == 1

    run(test)


def test_a_given_up_candidate_is_tried_again_at_its_own_nonce_only(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher(max_bumps=0, dropped_after_blocks=2) as dispatcher:
            first = await sent(dispatcher, bench.job("a"))
            for _ in range(2):
                await dispatcher.track(bench.mine_empty())
            again = await sent(dispatcher, bench.job("a"))
            assert (again.nonce, again.replaces) == (0, first.transaction_hash)
            settled = await dispatcher.track(bench.mine())
            assert [type(item.outcome) for item in settled] == [Dropped, Included]
            assert bench.count() == 1

    run(test)


def test_an_account_taken_by_somebody_else_is_not_pursued(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            await sent(dispatcher, bench.job("late", to=GRUMPY))
            dispatcher.outbid("venue", AccountKey("account-late"), "0xthem")
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Outbid)
            assert item.outcome.liquidator == "0xthem"
            await sent(dispatcher, bench.job("stuck"))
            dispatcher.outbid("venue", AccountKey("account-stuck"), "0xthem")
            await dispatcher.track(bench.mine_empty())
            assert dispatcher.open_accounts() == frozenset()
            assert len(dispatcher.signed()) == 2

    run(test)


def test_an_empty_wallet_drops_the_job_and_frees_the_nonce(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            bench.rpc.call("anvil_setBalance", dispatcher.sender, "0x1")
            await sent(dispatcher, bench.job("a"))
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Dropped)
            assert item.outcome.reason.startswith("insufficient funds")
            bench.rpc.call("anvil_setBalance", dispatcher.sender, hex(10**18))
            await dispatcher.track(bench.mine())
            assert bench.pool() == {}, "what was dropped must not come back to life"
            attempt = await sent(dispatcher, bench.job("b"))
            assert attempt.nonce == 0
            (item,) = await dispatcher.track(bench.mine())
            assert isinstance(item.outcome, Included)

    run(test)


def test_a_second_process_is_turned_away(bench: Bench) -> None:
    async def test() -> None:
        async with bench.dispatcher():
            with pytest.raises(NonceConflict, match="another keeper"):
                async with bench.dispatcher():
                    pass
        async with bench.dispatcher():
            pass

    run(test)


def test_a_hole_of_fifty_nonces_left_by_a_lie_repairs_itself(bench: Bench) -> None:
    """An outbox of an earlier version waits 50 nonces ahead on a truthful node: it mines again, and in the end nothing is left behind."""

    async def test() -> None:
        async with bench.dispatcher() as dispatcher:
            await sent(dispatcher, bench.job("first"))
            await dispatcher.track(bench.mine())
        signer, job = LocalSigner(Account.from_key(KEY)), bench.job("stale")
        with Outbox(next(bench.state_dir.glob("*.sqlite"))) as outbox:
            for nonce in (51, 52):
                raw = await signer.sign(Unsigned(31_337, nonce, COUNTER, b"", GAS, FEES))
                part = replace(job.parts[0], candidate_id=CandidateId(f"stale{nonce}"))
                outbox.add(replace(job, parts=(part,)), raw, None, job.block.number, 1)
        async with bench.dispatcher(bump_after_blocks=2) as dispatcher:
            attempt = await sent(dispatcher, bench.job("new"))
            assert attempt.nonce == 1
            settled = {item.attempt: type(item.outcome) for item in await dispatcher.track(bench.mine())}
            assert settled[attempt] is Included
            for _ in range(8):
                await dispatcher.track(bench.mine())
            assert dispatcher.open_accounts() == frozenset()
        assert bench.pool() == {}, "no hole, nothing behind it"
        assert bench.count() == 2, "what was stale has not fired"
        assert int(bench.rpc.call("eth_getTransactionCount", signer.address, "latest"), 16) == 53
        assert "nothing was signed for nonces from 1 on" in bench.notes[0]

    run(test)


def test_a_lying_count_passes_without_a_trace(bench: Bench) -> None:
    """50 too many for some heads, from the only endpoint: everything is mined, in order, without a hole."""

    async def test() -> None:
        async with ForkConnection(bench.url, 10) as inner:
            liar = Inflated(inner)
            async with bench.dispatcher(node=liar, senders=[inner]) as dispatcher:
                for number in range(8):
                    liar.by = 50 if 2 <= number < 6 else 0
                    await sent(dispatcher, bench.job(str(number)))
                    await dispatcher.track(bench.mine())
                for _ in range(3):
                    await dispatcher.track(bench.mine())
                assert dispatcher.open_accounts() == frozenset()
        assert bench.count() == 8
        assert bench.pool() == {}

    run(test)


@dataclass
class Inflated:
    """Says a count of used nonces that is too high `by` so many."""

    inner: Node
    by: int = 0

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        return await self.inner.request(method, params)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Json]]]) -> Sequence[Any]:
        answers = await self.inner.batch(calls)
        return [
            hex(int(str(answer), 16) + self.by) if method == "eth_getTransactionCount" else answer
            for (method, _), answer in zip(calls, answers, strict=True)
        ]
