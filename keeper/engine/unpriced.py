"""Markets without a price, in which nothing can be done: a line when one loses its price and when it has one again, and a gauge."""

from structlog.typing import FilteringBoundLogger

from keeper.domain.chain import BlockRef
from keeper.engine.evaluator import Evaluator
from keeper.engine.metrics import Metrics


class Unpriced:
    """Looks at every block and speaks once for each change."""

    def __init__(self, log: FilteringBoundLogger, metrics: Metrics) -> None:
        self._log = log
        self._metrics = metrics
        self._known: dict[str, frozenset[str]] = {}

    def look(self, name: str, evaluator: Evaluator, block: BlockRef) -> None:
        """To be called with the venue's book at `block`."""
        venue, book = evaluator.venue, evaluator.book
        priced = {view.market for view in venue.markets(book, block.timestamp)}
        unpriced = frozenset(venue.market_names(book)) - priced
        before = self._known.get(name, frozenset())
        for market in sorted(unpriced - before):
            self._log.warning("market without a price", venue=name, market=market, block=block.number)
        for market in sorted(before - unpriced):
            self._log.info("market has a price again", venue=name, market=market, block=block.number)
        self._known[name] = unpriced
        self._metrics.unpriced(name, len(unpriced))
