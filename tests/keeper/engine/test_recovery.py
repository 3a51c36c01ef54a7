"""Start-up is recovery: from nothing, from the lake alone, and from the lake plus what happened meanwhile, the same book."""

import asyncio
from dataclasses import dataclass, field

import pytest

from keeper.domain.chain import Timestamp
from keeper.domain.records import VenueEventRecord
from keeper.engine.evaluator import Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.engine.recovery import Progress, Recovery, Start, recorded_blocks
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.memory import HistoryChain, Memory
from tests.keeper.engine.toy import Liquidated, Opened, ToyBook, ToyEvent, ToyVenue

DEPTH = 4
HISTORY: dict[int, list[Opened | Liquidated]] = {
    3: [Opened("0xa", 10, 500), Opened("0xb", 1, 50)],
    5: [Opened("0xb", 2, 90)],
    9: [Liquidated("0xa", "0xc"), Opened("0xd", 7, 100)],
    14: [Opened("0xe", 1, 1)],
}


@dataclass
class _World:
    """One chain and one memory; every `start` is a new process."""

    chain: HistoryChain
    memory: Memory = field(default_factory=Memory)
    progress: list[Progress] = field(default_factory=list)

    def start(self, *, record_reads: bool = True, start_block: int = 3) -> tuple[Start, Evaluator[ToyBook, ToyEvent]]:
        evaluator = Evaluator(ToyVenue({}), ChainQuestions(self.chain), executor=None, block_seconds=2, forecast=False)
        recovery = Recovery(self.chain, self.chain, self.memory, record_reads=record_reads, report=self.progress.append)
        return asyncio.run(recovery.run({"toy": evaluator}, 1, start_block, DEPTH)), evaluator


def _events_up_to(number: int) -> dict[str, Opened]:
    accounts: dict[str, Opened] = {}
    for block in sorted(HISTORY):
        for event in HISTORY[block] if block <= number else ():
            if isinstance(event, Opened):
                accounts[event.trader] = event
            else:
                del accounts[event.trader]
    return accounts


def test_a_new_lake_is_filled_from_the_start_block_to_the_newest_final_one() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    start, evaluator = world.start()
    assert start == Start(block_ref(9), ())
    assert dict(evaluator.book.accounts) == _events_up_to(9)
    assert world.chain.asked == [(3, 9)]
    assert [(row.block_number, row.event) for row in world.memory.of(VenueEventRecord)] == [
        (3, "Opened"), (3, "Opened"), (5, "Opened"), (9, "Liquidated"), (9, "Opened"),
    ]  # fmt: skip
    assert [block.number for block in world.memory.cursors["toy"]] == [2, 3, 5, 9]


def test_the_second_start_needs_no_history_of_the_chain() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    before = len(world.memory.rows)
    world.chain.asked.clear()
    start, evaluator = world.start()
    assert start.after == block_ref(9)
    assert [block.number for block in start.known] == [9]
    assert dict(evaluator.book.accounts) == _events_up_to(9)
    assert world.chain.asked == []
    assert len(world.memory.rows) == before, "nothing is recorded twice"


def test_what_happened_while_it_was_down_is_fetched_and_only_that() -> None:
    world = _World(HistoryChain(newest=8, events=HISTORY))
    world.start()
    world.chain.newest, world.chain.asked = 18, []
    start, evaluator = world.start()
    assert world.chain.asked == [(5, 14)]
    assert start == Start(block_ref(14), ())
    assert dict(evaluator.book.accounts) == _events_up_to(14)
    assert [item.stage for item in world.progress][-1] == "chain"
    assert world.progress[-1] == Progress("toy", "chain", 14, 5, 14)


def test_a_cursor_beyond_the_final_block_is_gone_on_from_with_its_blocks_known_and_undoable() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    for number in (10, 11, 12):
        world.memory.block(block_ref(number), (), ("toy",))
    start, evaluator = world.start()
    assert start.after == block_ref(12)
    assert [block.number for block in start.known] == [9, 10, 11, 12]
    evaluator.reverted(block_ref(8))
    assert dict(evaluator.book.accounts) == _events_up_to(8), "block 9 is rebuilt, but can still be taken back"


def test_a_chain_younger_than_its_finality_starts_before_the_venues_first_block() -> None:
    world = _World(HistoryChain(newest=3, events=HISTORY))
    start, evaluator = world.start()
    assert start == Start(block_ref(2), ())
    assert dict(evaluator.book.accounts) == {}
    assert world.chain.asked == []


@pytest.mark.parametrize(("record_reads", "questions"), [(True, 0), (False, 1)])
def test_without_recorded_reads_the_rebuilt_book_is_asked_about_again(record_reads: bool, questions: int) -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start(record_reads=record_reads)
    before = world.chain.requests
    world.start(record_reads=record_reads)
    assert world.chain.requests - before == questions


def test_recorded_rows_come_back_block_by_block_in_the_order_of_application() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    rows = (row for batch in world.memory.venue_events("toy") for row in batch.to_pylist())
    blocks = [(number, at, [item.event for item in applied]) for number, at, applied in recorded_blocks(rows, ToyVenue.event_types)]
    assert blocks == [(number, Timestamp(2 * number), HISTORY[number]) for number in (3, 5, 9)]
