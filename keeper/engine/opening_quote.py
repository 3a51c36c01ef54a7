"""A position before it exists: its opening is applied to the book, looked at through the venue's own Risk, and undone."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Timestamp
from keeper.domain.fixed import X18
from keeper.domain.health import Health
from keeper.domain.opening import NoOpening
from keeper.domain.views import PositionView, RiskFactor
from keeper.engine.evaluator import Evaluator
from keeper.engine.ports import Chain


@dataclass(frozen=True, slots=True)
class OpeningQuote:
    """What would stand right after a new account opened a position. USD; what opening costs is off the equity."""

    margin_x18: int
    health: Health
    position: PositionView
    risk_factors: tuple[RiskFactor, ...]

    @property
    def entry_price_x18(self) -> int:
        """USD per base as the protocol keeps it: with the fee where that is a part of the notional."""
        return -self.position.open_notional_x18 * X18 // self.position.size_x18


async def quote_opening(
    evaluator: Evaluator, chain: Chain, block: BlockRef, now: Timestamp, market: str, size_x18: int, margin_x18: int
) -> OpeningQuote | NoOpening:
    """The book stands at `block`, evaluated for the time `now`, and does so again afterwards."""
    venue, book = evaluator.venue, evaluator.book
    opening = await chain.run(venue.opening(market, size_x18, margin_x18, book, now), block, now if now > block.timestamp else None)
    if isinstance(opening, NoOpening):
        return opening
    book.open_block(block.number + 1, now)
    try:
        (account,) = frozenset[AccountKey]().union(*(venue.apply(event, book) for event in opening))
        (test,) = await evaluator.evaluate(block, {account}, now)
        (position,) = venue.positions(account, book, now)
        return OpeningQuote(margin_x18, test.health, position, tuple(venue.risk_factors(account, book, now)))
    finally:
        evaluator.undo(block.number + 1)
