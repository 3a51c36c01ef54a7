"""Signed prices that have grown old: nobody knows what the market does now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keeper.domain.decision import Decision
from keeper.domain.plan import CallPurpose
from keeper.domain.quote import PriceId
from keeper.engine.quote_board import QuoteBoard


@dataclass(frozen=True, slots=True)
class StaleQuotes:
    """Of the feeds that venues pull, one whose newest price is older than `max_age_s` by our `clock` (Unix seconds). Plans that rely on
    prices of the chain are none of its concern."""

    board: QuoteBoard
    price_ids: Callable[[], Sequence[PriceId]]
    clock: Callable[[], float]
    max_age_s: int

    def problem(self) -> str | None:
        """The oldest of the feeds' newest prices in words. A feed that never had one stops nobody: there are no plans on it."""
        quotes = self.board.newest(self.price_ids())
        oldest = min(quotes, key=lambda quote: quote.publish_time, default=None)
        if oldest is None or not self._is_old(oldest.publish_time):
            return None
        return f"the newest signed price of {oldest.price_id} is of {oldest.publish_time}, more than {self.max_age_s} s ago"

    def concerns(self, decision: Decision) -> bool:
        """Whether its plan brings a price that is that old."""
        return any(call.purpose is CallPurpose.UPDATE_PRICES and self._is_old(call.not_before) for call in decision.plan.calls)

    def _is_old(self, published_at: int) -> bool:
        return self.clock() - published_at > self.max_age_s
