"""A venue whose state is not the chain's is mended from the chain; what cannot be explained stops it; a lie mends nothing."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import Call, RawLog, Reads, Timestamp
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView, Verdict
from keeper.domain.records import AccountFlowRecord, LiquidationRecord, PoolRangeRecord, RepairRecord, VenueEventRecord
from keeper.domain.venue import Book, Event
from keeper.domain.views import PoolRange
from keeper.engine import recording, view_rows
from keeper.engine.evaluator import Applied, Evaluator
from keeper.engine.questions import ChainQuestions
from keeper.engine.recording import BlockKeys
from keeper.engine.recovery import apply_logs
from keeper.errors import EndpointsDisagree, StateDivergence
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.repairs import PRICE, CorrectableMemory, TrueChain, accounts_at, last_block, repair_of
from tests.keeper.engine.toy import EXCHANGE, Liquidated, Opened, PriceRead, ToyVenue, log_of, toy_book

TRUTH: dict[int, list[Opened | Liquidated]] = {
    3: [Opened("0xa", 10, 500), Opened("0xb", 1, 50)],
    5: [Opened("0xb", 2, 90)],
    9: [Liquidated("0xa", "0xc"), Opened("0xd", 7, 100)],
    14: [Opened("0xe", 1, 1)],
}
NEWEST = 16


class _Prices(dict[int, int]):
    def __missing__(self, key: int) -> int:
        return PRICE


@dataclass
class World:
    """A keeper that recorded and applied what it was told, which may not be the truth."""

    chain: TrueChain
    evaluator: Evaluator
    memory: CorrectableMemory = field(default_factory=CorrectableMemory)

    def mend(self) -> None:
        asyncio.run(repair_of(self.chain, self.memory).run("toy", self.evaluator, last_block(self.chain)))

    def accounts(self) -> dict[str, Opened]:
        return {str(key): account for key, account in toy_book(self.evaluator.book).accounts.items()}

    def rows(self) -> list[tuple[int, int, str, str]]:
        rows = [(row.block_number, row.position, row.source, row.payload) for row in self.memory.of(VenueEventRecord)]
        return sorted(rows)

    def facts(self) -> set[tuple[int, int, str]]:
        """What logs told of pools and accounts: block, place and amount of each row."""
        ranges = {(row.block_number, row.log_index, f"range {row.liquidity_raw}") for row in self.memory.of(PoolRangeRecord)}
        flows = {(row.block_number, row.log_index, f"{row.account} {row.amount_raw}") for row in self.memory.of(AccountFlowRecord)}
        return ranges | flows

    def evidence(self) -> list[tuple[int, str, int, int]]:
        rows = self.memory.of(RepairRecord)
        return [(row.block_number, row.cause, len(json.loads(row.was)), len(json.loads(row.became))) for row in rows]


def _world(told: dict[int, list[Opened | Liquidated]], venue: ToyVenue | None = None, **chain: Any) -> World:
    """Every block also has a recorded read, as the daemon's own have."""
    truth = TrueChain(newest=NEWEST, events=TRUTH, **chain)
    evaluator = Evaluator(venue or ToyVenue(_Prices()), ChainQuestions(truth), executor=None, block_seconds=2, forecast=False)
    world = World(truth, evaluator)
    for number in range(1, NEWEST + 1):
        block = block_ref(number)
        logs = [log_of(event, block, index) for index, event in enumerate(told.get(number, ()))]
        applied = apply_logs(evaluator, block, logs)
        applied.append(Applied(PriceRead(block.timestamp, PRICE), "refresh"))
        evaluator.venue.apply(applied[-1].event, evaluator.book)
        keys = BlockKeys(1, "toy", block)
        rows = [*recording.event_rows(keys, applied), *view_rows.logged_rows(keys, evaluator.venue, evaluator.book, applied)]
        world.memory.block(block, rows, ("toy",))
    return world


def _told(**changes: Sequence[Opened | Liquidated]) -> dict[int, list[Opened | Liquidated]]:
    """The truth with other logs in some blocks, by `b<number>`."""
    return {**TRUTH, **{int(name[1:]): list(events) for name, events in changes.items()}}


def test_what_is_right_is_left_alone() -> None:
    world = _world(TRUTH)
    world.mend()
    assert world.memory.corrections == []
    assert world.chain.asked == []


@pytest.mark.parametrize("receipts", [True, False])
@pytest.mark.parametrize(
    "told",
    [
        _told(b5=[]),
        _told(b9=[Opened("0xd", 7, 100)]),
        _told(b9=[Liquidated("0xa", "0xc")], b5=[Opened("0xb", 3, 90)]),
        _told(b7=[Opened("0xf", 1, 50)]),
        _told(b14=[Opened("0xe", 2, 1)], b16=[Opened("0xa", 1, 1)]),
    ],
    ids=["only log omitted", "one of two omitted", "two blocks", "a log invented", "the newest block"],
)
def test_rows_and_book_become_the_chains(told: dict[int, list[Opened | Liquidated]], receipts: bool) -> None:
    """Proven by receipts, or as the most that the endpoints tell; one of the two still hides the logs of block 5."""
    world, truth = _world(told, receipts=receipts, endpoints=2, hidden={1: {5}}), _world(TRUTH)
    wrong = sorted(number for number in {*told, *TRUTH} if told.get(number, []) != TRUTH.get(number, []))
    world.mend()
    assert world.memory.corrections == [wrong], "in one transaction"
    assert world.rows() == truth.rows()
    assert world.facts() == truth.facts()
    assert world.accounts() == truth.accounts()
    assert [row[:2] for row in world.evidence()] == [(number, "logs") for number in wrong]


class _Nameless(ToyVenue):
    """Its market's name must be asked for; "the price read at 0" is the name."""

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        if Timestamp(0) in toy_book(book).reads:
            return ()
        yield (Call(EXCHANGE, b"name"),)
        return (PriceRead(0, 7),)

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        name = str(toy_book(book).reads.get(Timestamp(0), "nameless"))
        return [replace(change, market=name) for change in super().pool_ranges(events, book)]


def test_what_no_row_names_is_asked_for_before_rows_are_written() -> None:
    """Without recorded reads no name is in the lake."""
    world = _world(_told(b5=[]), _Nameless(_Prices()))
    world.mend()
    names = {row.block_number: row.market for row in world.memory.of(PoolRangeRecord)}
    assert names == {3: "nameless", 5: "7", 9: "nameless", 14: "nameless"}


class _Judged(ToyVenue):
    """Its contract tells no figures, only on which side of the requirement the equity is; where it is `silent`, not even that."""

    silent = False

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        views = yield from super().chain_views(keys)
        return [ChainVerdict(view.account, self._verdict(view), "") for view in views if isinstance(view, ChainMargins)]

    def _verdict(self, margins: ChainMargins) -> Verdict:
        if self.silent:
            return Verdict.UNKNOWN
        return Verdict.LIQUIDATABLE if margins.equity < margins.requirement else Verdict.HEALTHY


class _Silent(_Judged):
    silent = True


def test_a_wrong_verdict_is_mended_and_an_unknown_one_left_alone() -> None:
    """200 USD of base less 190 of debt is in breach, less 90 it is not."""
    told = _told(b5=[Opened("0xb", 2, 190)])
    judged, silent = _world(told, _Judged(_Prices())), _world(told, _Silent(_Prices()))
    judged.mend()
    silent.mend()
    assert judged.memory.corrections == [[5]]
    assert judged.accounts() == _world(TRUTH).accounts()
    assert silent.memory.corrections == []


def test_a_missing_liquidation_comes_with_its_candidate() -> None:
    world = _world(_told(b9=[Opened("0xd", 7, 100)]))
    world.mend()
    (row,) = world.memory.of(LiquidationRecord)
    assert (row.block_number, row.account, row.candidate_id) == (9, "0xa", "a candidate")


def test_only_what_came_after_the_last_match_is_looked_through() -> None:
    world = _world(_told(b9=[Opened("0xd", 7, 100)]))
    world.memory.matched = 5
    world.mend()
    assert world.chain.asked == [(6, NEWEST)]
    assert world.memory.corrections == [[9]]


def test_rows_lost_after_they_were_compared_are_looked_for_in_all_history() -> None:
    """The lake said once that all matched; then somebody deleted a row."""
    world, truth = _world(_told(b5=[])), _world(TRUTH)
    world.memory.matched = 12
    world.mend()
    assert world.chain.asked == [(13, NEWEST), (1, NEWEST)]
    assert world.memory.corrections == [[5]]
    assert world.rows() == truth.rows()
    assert [row[:2] for row in world.evidence()] == [(5, "logs")]


def test_the_rebuilt_book_can_still_be_undone_to_the_newest_final_block() -> None:
    world = _world(_told(b5=[]))
    world.mend()
    world.evaluator.reverted(block_ref(8))
    assert world.accounts() == accounts_at(TRUTH, 8)


def test_a_block_of_another_fork_is_left_to_the_reorg() -> None:
    world = _world(_told(b5=[]))
    world.memory.rows[:] = [replace(row, block_hash="0xorphan") if row.block_number == 5 else row for row in world.memory.rows]
    with pytest.raises(StateDivergence):
        world.mend()
    assert world.memory.corrections == []


class _Parameters(ToyVenue):
    """The chain's equity is one higher since a parameter changed; the snapshot tells it as a position."""

    def snapshot(self) -> Reads[Sequence[Event]]:
        yield ()
        return [Opened("0xd", 7, 99)]


def test_parameters_that_changed_without_an_event_count_from_now_on() -> None:
    """No block differs: what the snapshot tells is taken in, and stands in the lake for the next start."""
    world = _world(TRUTH, venue=_Parameters(_Prices()))
    world.chain.events = {**TRUTH, 12: []}
    world.chain.views = {"0xd": Opened("0xd", 7, 99)}
    world.mend()
    assert world.accounts()["0xd"] == Opened("0xd", 7, 99)
    assert world.rows()[-1][:3] == (NEWEST, 1, "snapshot")
    assert world.evidence() == [(NEWEST, "parameters", 0, 1)]


def test_what_nothing_explains_stops_the_venue_and_says_what_to_do() -> None:
    world = _world(TRUTH)
    world.chain.views = {"0xd": Opened("0xd", 7, 99)}
    with pytest.raises(StateDivergence, match=r"account 0xd at block 16 .*since block 1 .*move the lake's directory away"):
        world.mend()
    assert world.memory.corrections == []


def test_two_endpoints_that_disagree_mend_nothing() -> None:
    world = _world(TRUTH, endpoints=2, lies={0: 7})
    with pytest.raises(EndpointsDisagree, match=r"http://0 says .*http://1 says"):
        world.mend()
    assert world.memory.corrections == []
    world.chain.lies.clear()
    world.mend()


def test_of_three_the_majority_decides_and_the_liar_is_distrusted() -> None:
    world = _world(TRUTH, endpoints=3, lies={0: 7})
    world.mend()
    assert world.chain.distrusted == ["http://0"]
    assert world.memory.corrections == []


def test_a_book_that_strays_though_all_rows_are_true_is_rebuilt_a_few_times_only() -> None:
    """That helps against a fault of ours, but must not hide it."""
    world = _world(TRUTH)
    repair = repair_of(world.chain, world.memory)
    for attempt in range(4):
        toy_book(world.evaluator.book).accounts.update({key: Opened(key, 1, 1) for key in list(toy_book(world.evaluator.book).accounts)})
        if attempt < 3:
            asyncio.run(repair.run("toy", world.evaluator, block_ref(NEWEST)))
            assert world.accounts() == accounts_at(TRUTH, NEWEST)
    with pytest.raises(StateDivergence, match="rebuilt 4 times"):
        asyncio.run(repair.run("toy", world.evaluator, block_ref(NEWEST)))
