"""The same question to the chain and to the record; only a time other than the block's own is asked with an override."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Reads, Timestamp
from keeper.domain.venue import Book, Event
from keeper.engine.questions import ChainQuestions, RecordedQuestions
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import PriceRead, ToyVenue

T = TypeVar("T")
BLOCK = block_ref(3)
LATER = Timestamp(BLOCK.timestamp + 2)


@dataclass
class _NotingChain(FakeChain):
    """Notes the block time every question was asked at."""

    asked_at: list[tuple[int, Timestamp | None]] = field(default_factory=list)

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        self.asked_at.append((block.number, at))
        return await super().run(reads, block, at)


def _ask(questions: ChainQuestions | RecordedQuestions, venue: ToyVenue, book: Book) -> list[Sequence[Event]]:
    async def ask() -> list[Sequence[Event]]:
        answers = [await questions.refresh(venue, book, BLOCK, at) for at in (BLOCK.timestamp, LATER)]
        return answers + [await questions.inspect(venue, [AccountKey("0xa")], book, BLOCK, at) for at in (BLOCK.timestamp, LATER)]

    return asyncio.run(ask())


def test_the_chain_is_asked_at_the_block_and_only_a_forecast_overrides_the_time() -> None:
    chain, venue = _NotingChain(), ToyVenue({BLOCK.timestamp: 100, LATER: 101})
    answers = _ask(ChainQuestions(chain), venue, venue.new_book())
    assert chain.asked_at == [(3, None), (3, LATER), (3, None), (3, LATER)]
    assert answers[:2] == [(PriceRead(BLOCK.timestamp, 100),), (PriceRead(LATER, 101),)]


def test_the_record_answers_by_the_name_of_the_question_and_nothing_for_what_was_not_asked() -> None:
    questions, venue = RecordedQuestions(), ToyVenue({})
    assert _ask(questions, venue, venue.new_book()) == [(), (), (), ()]
    now, then = PriceRead(BLOCK.timestamp, 1), PriceRead(LATER, 2)
    questions.load({"refresh": [now], "forecast": [then], "inspect_forecast": [then, then]})
    assert _ask(questions, venue, venue.new_book()) == [[now], [then], (), [then, then]]
    questions.load({})
    assert _ask(questions, venue, venue.new_book()) == [(), (), (), ()]
