"""A venue whose rows do not fit together is mended before it is given up, and is no affair of the others."""

import asyncio
from collections.abc import Set
from dataclasses import dataclass

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef
from keeper.domain.venue import Book, Event
from keeper.engine.evaluator import Evaluator
from keeper.engine.mended_start import MendedStart
from keeper.engine.questions import ChainQuestions
from keeper.engine.recovery import Recovery, RecoveryOptions
from keeper.engine.start import Start
from keeper.errors import EndpointsDisagree, StateDivergence
from tests.keeper.engine.fakes import EXECUTOR, ScriptedMender
from tests.keeper.engine.memory import HistoryChain, ListLake
from tests.keeper.engine.toy import Liquidated, Opened, ToyVenue, toy_book

DEPTH = 4
HISTORY: dict[int, list[Opened | Liquidated]] = {3: [Opened("0xa", 10, 500)], 5: [Opened("0xb", 2, 90)]}


class _Choosy(ToyVenue):
    """Accepts what happened to its accounts only once its rows are mended."""

    mended = False

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        if isinstance(event, Opened) and event.trader == "0xb" and not self.mended:
            raise StateDivergence("0xb is not in the book")
        return super().apply(event, book)


@dataclass
class _Mender(ScriptedMender):
    """Mends a choosy venue."""

    async def mend(self, name: str, evaluator: Evaluator, block: BlockRef, divergence: str) -> None:
        await super().mend(name, evaluator, block, divergence)
        evaluator.venue.mended = True  # type: ignore[attr-defined]


def _start(mender: _Mender, **venues: ToyVenue) -> tuple[Start, dict[str, Book]]:
    chain, memory = HistoryChain(newest=13, events=HISTORY), ListLake()
    evaluators = {
        name: Evaluator(venue, ChainQuestions(chain), executor=EXECUTOR, block_seconds=2, forecast=False) for name, venue in venues.items()
    }
    options = RecoveryOptions(1, 3, DEPTH, record_reads=True, followed_gap=0)
    recovery = Recovery(chain, chain, memory, options, lambda _: None, lambda: 7.0, lambda *_: None)
    start = asyncio.run(MendedStart(recovery, mender, memory, DEPTH).run(evaluators))
    return start, {name: evaluator.book for name, evaluator in evaluators.items()}


def test_a_mended_venue_arrives_with_the_others() -> None:
    mender = _Mender()
    start, books = _start(mender, toy=ToyVenue({}), twin=_Choosy({}))
    assert mender.blocks == [3], "it is mended where it stands"
    assert start.faults == {}
    assert {name: position.cursor.number for name, position in start.positions.items()} == {"toy": 9, "twin": 9}
    assert dict(toy_book(books["twin"]).accounts) == dict(toy_book(books["toy"]).accounts) == {"0xa": HISTORY[3][0], "0xb": HISTORY[5][0]}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (StateDivergence("nothing explains it"), "nothing explains it"),
        (EndpointsDisagree("they differ"), "0xb is not in the book; it cannot be mended now, start again: they differ"),
    ],
)
def test_a_venue_that_nothing_helps_is_left_out(failure: Exception, reason: str) -> None:
    start, _ = _start(_Mender([failure]), toy=ToyVenue({}), twin=_Choosy({}))
    assert start.positions.keys() == {"toy"}
    assert {name: str(fault) for name, fault in start.faults.items()} == {"twin": reason}


def test_the_last_venues_fault_ends_the_chain() -> None:
    with pytest.raises(StateDivergence, match="nothing explains it"):
        _start(_Mender([StateDivergence("nothing explains it")]), twin=_Choosy({}))
