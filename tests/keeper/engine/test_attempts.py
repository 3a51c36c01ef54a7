"""Our transactions' rows: acknowledged when they are durable, compared with the lake at start, not lost with the head they were told at."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Payment, Settled
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Dropped, Included, Outcome, Reverted
from keeper.domain.records import AttemptRecord, MicroTime, OutcomeRecord
from keeper.domain.stages import Stages
from keeper.engine.attempts import Attempts
from keeper.engine.metrics import Metrics
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, ListDispatcher, block_ref
from tests.keeper.engine.memory import HistoryChain, ListLake

HEAD = block_ref(9)


def _hash(number: int) -> Hash32:
    return Hash32(f"0x{number:064x}")


def _attempt(number: int) -> Attempt:
    candidate = CandidateId(f"c{number}")
    fees = Fees(2, 1)
    return Attempt(candidate, "toy", AccountKey("0xa"), block_ref(1), _hash(number), OPERATOR, number, fees, 100, None, 5)


def _included(number: int, block: BlockRef = HEAD) -> Settled:
    return Settled(_attempt(number), Included(_hash(number), block, 21, 42, ()))


def _attempts(dispatcher: ListDispatcher, memory: ListLake) -> Attempts:
    return Attempts(dispatcher, memory, 1, Address(EXECUTOR), structlog.get_logger(), Metrics(), {"toy": bytes.decode})


def _record(attempts: Attempts, *settled: Settled) -> None:
    attempts.record(settled, HEAD, MicroTime(1_000_005), {}, 10**18)


def test_a_row_is_acknowledged_when_the_lake_has_committed_it_and_not_before() -> None:
    """Each for itself: the second is still on its way."""
    dispatcher, memory = ListDispatcher(fresh=[_attempt(1)]), ListLake()
    attempts = _attempts(dispatcher, memory)
    _record(attempts)
    _record(attempts, _included(1))
    attempts.acknowledge()
    assert (dispatcher.acknowledged, dispatcher.settled) == ([], [])
    memory.committed = 1
    attempts.acknowledge()
    assert (dispatcher.acknowledged, dispatcher.settled) == ([_hash(1)], [])
    memory.committed = 2
    attempts.acknowledge()
    attempts.acknowledge()
    assert (dispatcher.acknowledged, dispatcher.settled) == ([_hash(1)], [(_hash(1), HEAD.hash)])


def test_the_stages_of_what_was_sent_are_rows_and_figures() -> None:
    stages = Stages(seen_us=0, decided_us=10_000, checked_us=30_000, committed_us=35_000, accepted_us=40_000)
    dispatcher, memory, metrics = ListDispatcher(fresh=[replace(_attempt(1), stages=stages)]), ListLake(), Metrics()
    attempts = Attempts(dispatcher, memory, 1, Address(EXECUTOR), structlog.get_logger(), metrics, {"toy": bytes.decode})
    _record(attempts)
    _record(attempts, _included(1))
    (row,) = [row for row in memory.rows if isinstance(row, AttemptRecord)]
    assert (row.seen_at, row.decided_at, row.checked_at, row.committed_at, row.accepted_at) == (0, 10_000, 30_000, 35_000, 40_000)
    registry, chain = metrics.collectors.registry, {"chain": "chain"}
    sums = {
        name: registry.get_sample_value("keeper_stage_seconds_sum", chain | {"stage": name})
        for name in ("decided", "checked", "signed", "sent", "seen_to_sent")
    }
    assert sums == {"decided": 0.01, "checked": 0.02, "signed": 0.005, "sent": 0.005, "seen_to_sent": 0.04}
    assert registry.get_sample_value("keeper_inclusion_seconds_sum", chain) == 1.0


def _reconcile(dispatcher: ListDispatcher, memory: ListLake) -> None:
    asyncio.run(_attempts(dispatcher, memory).reconcile(memory, HistoryChain(newest=20)))


def _decided(number: int, outcome: Outcome) -> Decided:
    block = outcome.block
    mined = None if block is None or isinstance(outcome, Dropped) else _hash(number)
    return Decided(number, (CandidateId(f"c{number}"),), frozenset({_hash(number)}), mined, None if block is None else block.hash)


def test_at_start_what_the_lake_lacks_is_written_or_told_again() -> None:
    """An attempt without row, an outcome without row; what is there already is acknowledged."""
    memory = ListLake()
    _record(_attempts(ListDispatcher(fresh=[_attempt(1)]), memory), _included(1))
    here, lacking = _included(1), _included(2)
    dispatcher = ListDispatcher(lately=[_attempt(1), _attempt(2)], decided=[_decided(1, here.outcome), _decided(2, lacking.outcome)])
    _reconcile(dispatcher, memory)
    assert [row.transaction_hash for row in memory.of(AttemptRecord)] == [_hash(1), _hash(2)]
    assert [each.job_id for each in dispatcher.told_again] == [2]
    assert (dispatcher.acknowledged, dispatcher.settled) == ([_hash(1)], [(_hash(1), HEAD.hash)])
    assert memory.reverted == []


def test_at_start_an_outcome_in_a_block_that_is_gone_goes_and_is_told_again() -> None:
    memory = ListLake()
    orphan = block_ref(9, fork=1)
    _record(_attempts(ListDispatcher(), memory), _included(1, orphan))
    dispatcher = ListDispatcher(decided=[_decided(1, _included(1).outcome)])
    _reconcile(dispatcher, memory)
    assert [(block.number, block.hash) for block in memory.reverted] == [(9, orphan.hash)]
    assert [each.job_id for each in dispatcher.told_again] == [1]


def test_at_start_a_dropped_attempt_is_known_by_its_transaction() -> None:
    """It may have been told at any head."""
    memory = ListLake()
    dropped = Settled(_attempt(1), Dropped(_hash(1), "insufficient funds"))
    _record(_attempts(ListDispatcher(), memory), dropped)
    dispatcher = ListDispatcher(decided=[_decided(1, dropped.outcome), _decided(2, dropped.outcome)])
    _reconcile(dispatcher, memory)
    assert [each.job_id for each in dispatcher.told_again] == [2]


def test_an_outcome_without_a_block_outlives_the_head_it_was_told_at() -> None:
    dispatcher, memory = ListDispatcher(), ListLake()
    attempts = _attempts(dispatcher, memory)
    _record(attempts, Settled(_attempt(1), Dropped(_hash(1), "full")), _included(2))
    attempts.reverted(block_ref(8), [HEAD])
    first, _, again = memory.of(OutcomeRecord)
    assert again == replace(first, block_number=8, block_hash=block_ref(8).hash, block_time=block_ref(8).timestamp)


def test_a_revert_behind_a_rival_of_the_same_block_is_a_lost_race() -> None:
    """Its receipt is seen before the rival's log is read."""
    memory = ListLake()

    class Rivalled(ListDispatcher):
        def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
            return "0xthem"

    _record(_attempts(Rivalled(), memory), Settled(_attempt(1), Reverted(_hash(1), HEAD, 21, 42, b"")))
    (row,) = memory.of(OutcomeRecord)
    assert (row.outcome, row.reason) == ("outbid", "0xthem")


def test_a_new_outbox_learns_from_the_lake_what_was_paid() -> None:
    """A deleted outbox does not reset the day's spending."""
    old, new = (Payment(number, _hash(number), 5, HEAD.hash, 7, number) for number in (1, 2))
    memory, dispatcher = ListLake(paid=[old, new]), ListDispatcher(unknown_since=2)
    _reconcile(dispatcher, memory)
    assert dispatcher.remembered == [new]
    known = ListDispatcher()
    _reconcile(known, memory)
    assert known.remembered == []


def test_open_attempts_are_told_what_they_are_worth_by_now() -> None:
    """Nothing, where the account is no longer in breach. The closing of what the executor holds keeps its worth, and so do other venues'
    attempts."""
    alice, bob, own = AccountKey("0xa"), AccountKey("0xb"), AccountKey(EXECUTOR)
    dispatcher = ListDispatcher(open={("toy", alice), ("toy", bob), ("toy", own), ("twin", AccountKey("0xc"))})
    _attempts(dispatcher, ListLake()).revalue("toy", {alice: 7, AccountKey("0xd"): 9})
    assert dispatcher.worth_wei == {alice: 7, bob: 0}


def test_a_batch_is_told_when_each_of_its_candidates_has_a_row() -> None:
    """The lake lacks one of two: both are told again, and the row that is there is not written twice."""
    memory = ListLake()
    first = Settled(replace(_attempt(1), candidate_id=CandidateId("c1")), Included(_hash(1), HEAD, 10, 20, ()))
    _record(_attempts(ListDispatcher(), memory), first)
    job = Decided(1, (CandidateId("c1"), CandidateId("c2")), frozenset({_hash(1)}), _hash(1), HEAD.hash)
    dispatcher = ListDispatcher(decided=[job])
    _reconcile(dispatcher, memory)
    assert dispatcher.told_again == [job]
    second = Settled(replace(_attempt(1), candidate_id=CandidateId("c2")), Reverted(_hash(1), HEAD, 11, 22, b"why"))
    _record(_attempts(ListDispatcher(), memory), second)
    complete = ListDispatcher(decided=[job])
    _reconcile(complete, memory)
    assert complete.told_again == []
    assert complete.settled == [(_hash(1), HEAD.hash)]
