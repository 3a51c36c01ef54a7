"""A market that loses its price is told once, and once more when it is back."""

import asyncio
from collections.abc import Sequence

import structlog
from structlog.testing import capture_logs

from keeper.domain.chain import BlockAdded, Timestamp
from keeper.domain.venue import Book
from keeper.domain.views import MarketView
from keeper.engine.evaluator import Evaluator
from keeper.engine.metrics import Metrics
from keeper.engine.questions import ChainQuestions
from keeper.engine.unpriced import Unpriced
from tests.keeper.engine.fakes import FakeChain, block_ref
from tests.keeper.engine.toy import ToyVenue


class _Silent(ToyVenue):
    """Has no price at times of blocks 2 and 3."""

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        return () if now in (4, 6) else super().markets(book, now)


def test_every_change_is_told_once() -> None:
    venue, metrics = _Silent({2: 100, 4: 100, 6: 100, 8: 100}), Metrics()
    evaluator = Evaluator(venue, ChainQuestions(FakeChain()), executor=None, block_seconds=2, forecast=False)
    unpriced = Unpriced(structlog.get_logger(), metrics)
    gauge = []
    with capture_logs() as lines:
        for number in (1, 2, 3, 4):
            asyncio.run(evaluator.added(BlockAdded(block_ref(number), ())))
            unpriced.look("toy", evaluator, block_ref(number))
            gauge.append(metrics.collectors.registry.get_sample_value("keeper_markets_without_price", {"chain": "chain", "venue": "toy"}))
    assert [(line["event"], line["market"], line["block"], line["log_level"]) for line in lines] == [
        ("market without a price", "TOY", 2, "warning"),
        ("market has a price again", "TOY", 4, "info"),
    ]
    assert gauge == [0, 1, 1, 0]
