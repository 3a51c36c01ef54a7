"""The evaluator finds exactly whom evaluating everybody would find, looks at few, and forgets nothing over reorgs and failed reads."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockAdded, BlockRef, Timestamp
from keeper.domain.data_fee import DataFee
from keeper.domain.plan import NoPlan, Until
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.errors import BlockUnknown
from tests.keeper.engine.decided import ScriptedVenue
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import Liquidated, Opened, ToyVenue, log_of

ALICE, BOB = "0xa11ce", "0xb0b"


def _evaluator(prices: Mapping[int, int], questions: Any = None) -> Evaluator:
    venue = ToyVenue(prices)
    return Evaluator(venue, questions or ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)


def _added(block: BlockRef, *events: Opened | Liquidated) -> BlockAdded:
    return BlockAdded(block, tuple(log_of(event, block, index) for index, event in enumerate(events)))


def _names(evaluation: BlockEvaluation) -> set[str]:
    return set(evaluation.breaches)


def test_an_untouched_account_inside_its_box_is_not_evaluated() -> None:
    evaluator = _evaluator({2: 100, 4: 99, 6: 80})

    async def run() -> list[BlockEvaluation]:
        first = await evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800), Opened(BOB, 10, 100)))
        return [first, await evaluator.added(_added(block_ref(2))), await evaluator.added(_added(block_ref(3)))]

    first, second, third = asyncio.run(run())
    assert {item.account for item in first.evaluated} == {ALICE, BOB}
    assert second.evaluated == []
    assert second.watched == 2
    assert {item.account for item in third.evaluated} == {ALICE}
    assert _names(third) == {ALICE}


def test_a_breached_account_stays_due_until_it_is_gone() -> None:
    evaluator = _evaluator({2: 85, 4: 85, 6: 85})

    async def run() -> list[BlockEvaluation]:
        return [
            await evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800))),
            await evaluator.added(_added(block_ref(2))),
            await evaluator.added(_added(block_ref(3), Liquidated(ALICE, BOB))),
        ]

    first, second, third = asyncio.run(run())
    assert [*first.breaches.values(), *second.breaches.values()] == [1, 1]
    assert third.breaches == {}
    assert [item.account for item in third.observed] == [ALICE]


def test_a_forecast_breach_is_a_candidate_before_the_block_that_makes_it_one() -> None:
    venue = ToyVenue({2: 100, 4: 80})
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=True)
    evaluation = asyncio.run(evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800))))
    assert _names(evaluation) == {ALICE}
    assert evaluation.basis == 4


@dataclass
class _FlakyQuestions:
    """Fails the inspection of one block as a node that lost the block does."""

    inner: ChainQuestions
    fail_at: set[int] = field(default_factory=set)

    async def refresh(self, venue: Any, book: Any, block: BlockRef, at: Timestamp) -> Sequence[Any]:
        return await self.inner.refresh(venue, book, block, at)

    async def inspect(self, venue: Any, keys: Sequence[AccountKey], book: Any, block: BlockRef, at: Timestamp) -> Sequence[Any]:
        if block.number in self.fail_at:
            self.fail_at.remove(block.number)
            raise BlockUnknown(-32000, "header not found")
        return await self.inner.inspect(venue, keys, book, block, at)

    def data_fee(self) -> DataFee | None:
        return self.inner.data_fee()

    def market_tip_wei(self) -> int | None:
        return self.inner.market_tip_wei()


def test_accounts_that_left_their_box_survive_a_failed_read() -> None:
    evaluator = _evaluator({2: 100, 4: 85}, _FlakyQuestions(ChainQuestions(FakeChain()), {2}))

    async def run() -> BlockEvaluation:
        await evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800)))
        with pytest.raises(BlockUnknown):
            await evaluator.added(_added(block_ref(2)))
        evaluator.undo(2)
        return await evaluator.added(_added(block_ref(2)))

    assert _names(asyncio.run(run())) == {ALICE}


_EVENTS = st.lists(st.tuples(st.sampled_from([f"0x{n}" for n in range(6)]), st.integers(1, 9), st.integers(0, 900)), max_size=3)
_CHAIN = st.lists(st.tuples(_EVENTS, st.integers(60, 140), st.integers(0, 3)), min_size=2, max_size=14)


@settings(max_examples=150, deadline=None)
@given(_CHAIN)
def test_boxes_find_whom_evaluating_everybody_finds_over_reorgs(chain: list[tuple[list[tuple[str, int, int]], int, int]]) -> None:
    """Each step adds a block with openings and a price, then maybe reverts up to three blocks (which a later step replaces)."""
    prices: dict[int, int] = {}
    evaluator = _evaluator(prices)
    kept: list[list[Opened]] = []

    async def run() -> None:
        for step, (openings, price, revert) in enumerate(chain):
            number = len(kept) + 1
            block = block_ref(number, fork=step)
            prices[block.timestamp] = price
            events = [Opened(*opening) for opening in openings]
            evaluation = await evaluator.added(_added(block, *events))
            kept.append(events)
            accounts = {event.trader: event for block_events in kept for event in block_events}
            expected = {name for name, event in accounts.items() if 10 * (event.size * price - event.debt) < event.size * price}
            assert _names(evaluation) == expected
            back = min(revert, len(kept) - 1)
            if back:
                del kept[len(kept) - back :]
                evaluator.reverted(block_ref(len(kept)))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("until", "asked_in"),
    [(None, [1, 2, 3, 4, 5]), (Until(block_number=4), [1, 3, 4, 5]), (Until(time=Timestamp(8)), [1, 3, 4, 5]), (Until(), [1, 3])],
)
def test_what_can_only_be_waited_for_is_asked_about_again_in_time(until: Until | None, asked_in: list[int]) -> None:
    """At a block's number, at a block time (two seconds a block), or when an event touches the account, as in block 3."""
    numbers: list[int] = []

    def plan(_: int) -> NoPlan:
        numbers.append(number)
        return NoPlan(SkipReason.WAITING, until=until)

    evaluator = Evaluator(
        ScriptedVenue({2 * each: 85 for each in range(1, 6)}, {ALICE: plan}),
        ChainQuestions(FakeChain()),
        executor=None,
        block_seconds=2,
        forecast=False,
    )
    for number in range(1, 6):
        events = (Opened(ALICE, 10, 800),) if number in (1, 3) else ()
        evaluation = asyncio.run(evaluator.added(_added(block_ref(number), *events)))
        assert evaluator.plan(AccountKey(ALICE), evaluation.basis, NOTHING) == NoPlan(SkipReason.WAITING, until=until)
    assert numbers == asked_in


def test_a_reorg_ends_a_wait() -> None:
    """What was waited for may have been of the block that is gone."""
    numbers: list[int] = []

    def plan(_: int) -> NoPlan:
        numbers.append(1)
        return NoPlan(SkipReason.WAITING, until=Until())

    venue = ScriptedVenue({2: 85, 4: 85}, {ALICE: plan})
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800))))
    asyncio.run(evaluator.added(_added(block_ref(2))))
    evaluator.plan(AccountKey(ALICE), Timestamp(4), NOTHING)
    evaluator.reverted(block_ref(1))
    asyncio.run(evaluator.added(_added(block_ref(2, fork=1))))
    evaluator.plan(AccountKey(ALICE), Timestamp(4), NOTHING)
    assert len(numbers) == 2


def test_a_rebuilt_book_ends_a_wait() -> None:
    """What was waited for was in the book that was wrong."""
    numbers: list[int] = []

    def plan(_: int) -> NoPlan:
        numbers.append(1)
        return NoPlan(SkipReason.WAITING, until=Until())

    venue = ScriptedVenue({2: 85}, {ALICE: plan})
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)
    asyncio.run(evaluator.added(_added(block_ref(1), Opened(ALICE, 10, 800))))
    evaluator.plan(AccountKey(ALICE), Timestamp(2), NOTHING)
    evaluator.forget()
    evaluator.restore(1, Timestamp(2), [Opened(ALICE, 10, 800)])
    evaluator.plan(AccountKey(ALICE), Timestamp(2), NOTHING)
    assert len(numbers) == 2
