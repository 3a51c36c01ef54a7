"""A toy venue whose price can be pulled onto the chain, and the signed prices for it."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, Timestamp
from keeper.domain.plan import LiquidationPlan, NoPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import Use
from keeper.domain.venue import Book, Event
from tests.keeper.engine.toy import PriceRead, ToyVenue, toy_book

FEED = PriceId("toy")


def quote_of(price: int, published_at: int, *, fee_wei: int = 7) -> Quote:
    """A signed price of the toy's feed."""
    return Quote(FEED, price, price, 0, Timestamp(published_at), f"signed {price}".encode(), fee_wei)


class QuotedVenue(ToyVenue):
    """The chain's own price is as old as its block."""

    def quotes(self, book: Book) -> Sequence[PriceId]:
        return (FEED,)

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        return [PriceRead(at, quote.low_raw) for quote in quotes if quote.publish_time > toy_book(book).moment.timestamp]

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        plan = super().plan(key, book, now, executor, used)
        return replace(plan, quotes=(FEED,)) if isinstance(plan, LiquidationPlan) else plan


@dataclass
class ListService:
    """A price service with fixed quotes."""

    quotes: list[Quote] = field(default_factory=list)

    async def latest(self, price_ids: Sequence[PriceId]) -> Sequence[Quote]:
        return [quote for quote in self.quotes if quote.price_id in price_ids]

    async def stream(self, price_ids: Sequence[PriceId]) -> AsyncGenerator[Quote, None]:
        for quote in self.quotes:
            yield quote
