"""Start-up is recovery: from nothing, from the lake alone, and from the lake plus what happened meanwhile, the same book."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import Call, Hash32, RawLog, Reads, Tally, Timestamp, Usage
from keeper.domain.decision import CandidateId
from keeper.domain.records import AccountFlowRecord, BlockRecord, LiquidationRecord, MicroTime, PoolRangeRecord, VenueEventRecord
from keeper.domain.venue import Book, Event
from keeper.domain.views import PoolRange
from keeper.engine.evaluator import Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.engine.recording import block_row
from keeper.engine.recovery import Progress, Recovery, RecoveryOptions, recorded_blocks
from keeper.engine.start import Position, Start
from keeper.errors import DecodeError, ReorgBeyondFinality, StateDivergence
from tests.keeper.engine.fakes import EXECUTOR, block_ref
from tests.keeper.engine.memory import HistoryChain, ListLake
from tests.keeper.engine.toy import EXCHANGE, Liquidated, Opened, PriceRead, ToyVenue, toy_book

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
    memory: ListLake = field(default_factory=ListLake)
    progress: list[Progress] = field(default_factory=list)

    def start(
        self,
        *,
        record_reads: bool = True,
        start_block: int = 3,
        followed_gap: int = 0,
        candidates: Mapping[str, str] | None = None,
        toy: ToyVenue | None = None,
        twin: ToyVenue | None = None,
    ) -> tuple[Start, Evaluator]:
        venues = {"toy": toy or ToyVenue({}), **({"twin": twin} if twin is not None else {})}
        evaluators = {
            name: Evaluator(venue, ChainQuestions(self.chain), executor=EXECUTOR, block_seconds=2, forecast=False)
            for name, venue in venues.items()
        }
        options = RecoveryOptions(1, start_block, DEPTH, record_reads=record_reads, followed_gap=followed_gap)
        known = {Hash32(transaction): CandidateId(candidate) for transaction, candidate in (candidates or {}).items()}
        recovery = Recovery(
            self.chain, self.chain, self.memory, options, self.progress.append, lambda: 7.0, lambda transaction, _: known.get(transaction)
        )
        return asyncio.run(recovery.run(evaluators)), evaluators["toy"]

    def follow(self, *numbers: int) -> None:
        """Blocks recorded as the loop does."""
        for number in numbers:
            row = block_row(1, block_ref(number), (MicroTime(1), MicroTime(2)), Usage(read=Tally(1, 1)), (), recovered=False)
            self.memory.block(block_ref(number), (row,), ("toy",))

    def block_rows(self) -> list[tuple[int, bool | None]]:
        return [(row.block_number, row.recovered) for row in self.memory.of(BlockRecord)]


def _at(number: int, *known: int) -> Position:
    return Position(block_ref(number), tuple(block_ref(each) for each in known))


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
    assert start == Start({"toy": _at(9)}, 13)
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(9)
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
    assert start.lowest == _at(9, 9)
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(9)
    assert world.chain.asked == []
    assert len(world.memory.rows) == before, "nothing is recorded twice"


def test_what_happened_while_it_was_down_is_fetched_and_only_that() -> None:
    world = _World(HistoryChain(newest=8, events=HISTORY))
    world.start()
    world.chain.newest, world.chain.asked = 18, []
    start, evaluator = world.start()
    assert world.chain.asked == [(5, 14)]
    assert start.lowest == _at(14)
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(14)
    assert [item.stage for item in world.progress][-1] == "chain"
    assert world.progress[-1] == Progress("toy", "chain", 14, 5, 14)


def test_a_cursor_beyond_the_final_block_is_gone_on_from_with_its_blocks_known_and_undoable() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    for number in (10, 11, 12):
        world.memory.block(block_ref(number), (), ("toy",))
    start, evaluator = world.start()
    assert start.lowest == _at(12, 9, 10, 11, 12)
    evaluator.reverted(block_ref(8))
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(8), "block 9 is rebuilt, but can still be taken back"


def test_a_chain_younger_than_its_finality_starts_before_the_venues_first_block() -> None:
    world = _World(HistoryChain(newest=3, events=HISTORY))
    start, evaluator = world.start()
    assert start.lowest == _at(2)
    assert dict(toy_book(evaluator.book).accounts) == {}
    assert world.chain.asked == []


@pytest.mark.parametrize(("record_reads", "questions"), [(True, 0), (False, 1)])
def test_without_recorded_reads_the_rebuilt_book_is_asked_about_again(record_reads: bool, questions: int) -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start(record_reads=record_reads)
    before = world.chain.requests
    world.start(record_reads=record_reads)
    assert world.chain.requests - before == questions


def test_of_first_history_blocks_with_logs_get_their_row() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    assert world.block_rows() == [(3, True), (5, True), (9, True)]
    assert {row.received_at for row in world.memory.of(BlockRecord)} == {7_000_000}, "when it was taken in, not when it came"


def test_a_gap_after_blocks_that_were_followed_is_closed_with_every_block() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    world.follow(10, 11)
    world.chain.newest = 18
    world.start()
    assert world.block_rows()[-5:] == [(10, False), (11, False), (12, True), (13, True), (14, True)]


def test_liquidations_of_a_gap_get_their_rows_and_ours_the_candidate() -> None:
    ours, rival = Liquidated("0xa", EXECUTOR), Liquidated("0xb", "0xc")
    world = _World(HistoryChain(newest=13, events={**HISTORY, 8: [rival], 9: [ours]}))
    world.start(candidates={f"0x{9:032x}{0:032x}": "why"})
    rows = [(row.account, row.block_number, row.ours, row.candidate_id) for row in world.memory.of(LiquidationRecord)]
    assert rows == [("0xb", 8, False, None), ("0xa", 9, True, "why")]


def test_pools_and_flows_of_history_get_their_rows() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    places = [(3, 0), (3, 1), (5, 0), (9, 1)]
    assert [(row.block_number, row.log_index) for row in world.memory.of(PoolRangeRecord)] == places
    assert [(row.block_number, row.log_index) for row in world.memory.of(AccountFlowRecord)] == places


class _Nameless(ToyVenue):
    """What its market is called must be asked for once somebody trades there; "the price read at 0" is the name."""

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        if not toy_book(book).accounts or Timestamp(0) in toy_book(book).reads:
            return ()
        yield (Call(EXCHANGE, b"name"),)
        return (PriceRead(0, 7),)

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        name = str(toy_book(book).reads.get(Timestamp(0), "nameless"))
        return [replace(change, market=name) for change in super().pool_ranges(events, book)]


def test_what_a_block_brought_is_described_before_its_rows_are_made() -> None:
    """Asked once, and recorded, so that the next start knows it."""
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start(toy=_Nameless({}))
    assert {row.market for row in world.memory.of(PoolRangeRecord)} == {"7"}
    assert [(row.block_number, row.event) for row in world.memory.of(VenueEventRecord) if row.source == "describe"] == [(3, "PriceRead")]
    world.chain.newest, asked = 18, world.chain.requests
    _, evaluator = world.start(toy=_Nameless({}))
    assert (toy_book(evaluator.book).reads[Timestamp(0)], world.chain.requests - asked) == (7, 1), "only what a resync asks"


def test_a_short_gap_is_left_to_the_follower() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    world.chain.newest, world.chain.asked = 18, []
    start, _ = world.start(followed_gap=9)
    assert start == Start({"toy": _at(9, 9)}, 18)
    assert world.chain.asked == []


def test_only_blocks_that_link_are_known() -> None:
    """The backfill keeps blocks with logs; the daemon was killed before following had reached the finality depth above them."""
    world = _World(HistoryChain(newest=10, events={3: HISTORY[3], 5: HISTORY[5]}))
    world.start()
    world.follow(7, 8)
    start, _ = world.start()
    assert [block.number for block in world.memory.cursors["toy"]] == [2, 3, 5, 6, 7, 8]
    assert start.lowest == _at(8, 5, 6, 7, 8)
    world = _World(HistoryChain(newest=9, events={3: HISTORY[3]}))
    world.start()
    world.follow(6)
    assert world.start()[0].lowest == _at(6, 5, 6), "3 is known too, and does not link"


def test_blocks_replaced_while_nobody_followed_are_taken_back() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    world.follow(10)
    orphans = [block_ref(number, fork=1) for number in (11, 12)]
    for block in (replace(orphans[0], parent_hash=block_ref(10).hash), orphans[1]):
        world.memory.block(block, (), ("toy",))
    world.chain.newest = 18
    start, evaluator = world.start()
    assert [block.number for block in world.memory.reverted] == [12, 11]
    assert world.chain.asked[-1] == (11, 14)
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(14)
    assert start.lowest == _at(14)


def test_a_final_block_that_was_replaced_is_the_end() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    world.memory.cursors["toy"] = [block_ref(number, fork=1) for number in (10, 11, 12, 13)]
    with pytest.raises(ReorgBeyondFinality, match="block 9 was final"):
        world.start()


def test_recorded_rows_come_back_block_by_block_in_the_order_of_application() -> None:
    world = _World(HistoryChain(newest=13, events=HISTORY))
    world.start()
    rows = (row for batch in world.memory.venue_events("toy") for row in batch.to_pylist())
    blocks = [(number, at, [item.event for item in applied]) for number, at, applied in recorded_blocks(rows, ToyVenue.event_types)]
    assert blocks == [(number, Timestamp(2 * number), HISTORY[number]) for number in (3, 5, 9)]


class _Illegible(ToyVenue):
    """Cannot read one event of the exchange's history."""

    def decode(self, log: RawLog) -> Event | None:
        if log.block_number == 9:
            raise DecodeError("an event of a newer version")
        return super().decode(log)


class _Ruined(ToyVenue):
    """Its recorded events do not fit together."""

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        if isinstance(event, Liquidated):
            raise StateDivergence("0xa is not in the book")
        return super().apply(event, book)


def test_a_venue_that_fails_on_the_way_is_left_out_and_the_others_arrive() -> None:
    """From the chain, and then from the lake; what it has taken in until then stays its own."""
    world = _World(HistoryChain(newest=18, events=HISTORY))
    start, evaluator = world.start(twin=_Illegible({}))
    assert start.positions == {"toy": _at(14)}
    assert dict(toy_book(evaluator.book).accounts) == _events_up_to(14)
    assert {name: str(fault) for name, fault in start.faults.items()} == {"twin": "an event of a newer version"}
    assert [block.number for block in world.memory.cursors["twin"]] == [2, 3, 5]
    assert {row.block_number for row in world.memory.of(VenueEventRecord) if row.venue == "twin"} == {3, 5}
    world.start(twin=ToyVenue({}))
    start, _ = world.start(twin=_Ruined({}))
    assert start.lowest == _at(14, 14)
    assert {name: type(fault) for name, fault in start.faults.items()} == {"twin": StateDivergence}


def test_when_every_venue_fails_nobody_is_left_to_begin() -> None:
    world = _World(HistoryChain(newest=18, events=HISTORY))
    start, _ = world.start(toy=_Illegible({}))
    assert start.positions == {}
    assert world.memory.of(BlockRecord)[-1].block_number == 5, "blocks nobody took in are not asked for and have no row"
