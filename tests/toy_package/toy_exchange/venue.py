"""The venue: the parts of this package behind the interface of keeper.domain.venue."""

from collections.abc import Mapping, Sequence, Set

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.capabilities import Actor, Capabilities
from keeper.domain.chain import Address, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.chain_view import ChainView
from keeper.domain.health import FeedId, Health, WatchBox
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.opening import NoOpening
from keeper.domain.permission import CallRule, OwnerCall, Valuer
from keeper.domain.plan import LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.revert import CustomErrors, solidity_reason
from keeper.domain.use import Use
from keeper.domain.venue import Book, Event
from keeper.domain.views import (
    AccountFlow,
    Explanation,
    InsuranceFund,
    LiquidationObserved,
    MarketView,
    PoolRange,
    PoolState,
    PositionView,
    Proceeds,
    RiskFactor,
)
from toy_exchange import box, liquidation, reads, views
from toy_exchange.apply import apply
from toy_exchange.decoder import Decoder
from toy_exchange.events import EVENT_TYPES
from toy_exchange.margin import health_of
from toy_exchange.opening import opening
from toy_exchange.options import Options
from toy_exchange.reverts import ERRORS
from toy_exchange.state import MARKET, ToyBook, toy_book


class ToyExchange:
    """Holds no state of the chain: all of that is in the book it is given."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._encoder = Encoder()
        self._decoder = Decoder(options.exchange)
        self._reasons = CustomErrors(ERRORS, lambda payload: solidity_reason(payload, {}))

    @property
    def name(self) -> str:
        """The protocol's."""
        return "toy_exchange"

    @property
    def capabilities(self) -> Capabilities:
        """The exchange closes positions itself; its price is on the chain."""
        return Capabilities(actor=Actor.ANYBODY, needs_capital=False, pull_oracle=False)

    @property
    def event_types(self) -> Sequence[type[Event]]:
        """Every event class."""
        return EVENT_TYPES

    def new_book(self) -> ToyBook:
        """An empty book."""
        return ToyBook()

    def filters(self) -> Sequence[LogFilter]:
        """All logs of the exchange."""
        return (LogFilter((self._options.exchange,)),)

    def snapshot(self) -> Reads[Sequence[Event]]:
        """See reads.snapshot."""
        return reads.snapshot(self._options, self._encoder)

    def decode(self, log: RawLog) -> Event | None:
        """See decoder.Decoder."""
        return self._decoder(log)

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        """See apply.apply."""
        return apply(event, toy_book(book))

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """See reads.refresh."""
        return reads.refresh(self._options, self._encoder, now)

    def inspect(self, keys: Sequence[AccountKey], book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """Events tell everything about an account."""
        yield from ()
        return ()

    def resync(self, keys: Sequence[AccountKey], book: Book) -> Reads[Sequence[Event]]:
        """Events tell everything exactly."""
        yield from ()
        return ()

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        """The one market's name is known."""
        yield from ()
        return ()

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        """The price is on the chain."""
        return ()

    def quotes(self, book: Book) -> Sequence[PriceId]:
        """The price is on the chain."""
        return ()

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        """See box.feeds_at."""
        return box.feeds_at(toy_book(book), now)

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        """See margin.health_of."""
        return health_of(key, toy_book(book), now)

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        """See box.watch_box."""
        return box.watch_box(key, toy_book(book), now)

    def opening(self, market: str, size_x18: int, margin_x18: int, book: Book, now: Timestamp) -> Reads[Sequence[Event] | NoOpening]:
        """See opening.opening. The book tells all that it takes."""
        yield from ()
        return opening(size_x18, margin_x18, toy_book(book), now)

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """See liquidation.plan. No plan takes anything from another."""
        return liquidation.plan(self._options, self._encoder, key, toy_book(book), now)

    def push(self, quotes: Sequence[Quote], book: Book) -> Sequence[LiquidationCall]:
        """The price is on the chain."""
        return ()

    def required_quotes(self, data: bytes) -> Sequence[PriceId]:
        """The price is on the chain."""
        return ()

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """A liquidator takes nothing over."""
        return None

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        """Plans need none."""
        return ZERO_USD

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        """See views.observed."""
        return list(views.observed(events))

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        """See views.received."""
        return Proceeds(Usd18(views.received(self._options, logs, executor)))

    def revert_reason(self, data: bytes) -> str:
        """See reverts.ERRORS."""
        return self._reasons(data)

    def rules(self, book: Book) -> Sequence[CallRule]:
        """See liquidation.rules."""
        return liquidation.rules(self._options)

    def valuer(self, book: Book) -> Valuer:
        """See liquidation.valuer."""
        return liquidation.valuer(self._options, self._encoder)

    def listings(self) -> Sequence[LogFilter]:
        """Rules name no market and no token; but a filter must ask for something."""
        return self.filters()

    def tokens(self, book: Book) -> Sequence[Address]:
        """Rewards are paid in dollars."""
        return (self._options.dollar,)

    def pay_in(self, book: Book, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
        """A liquidator needs no margin."""
        return ()

    def pay_out(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        """What it earns is in its wallet already."""
        return ()

    def positions(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[PositionView]:
        """See views.positions."""
        return list(views.positions(key, toy_book(book), now))

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        """See views.markets."""
        return list(views.markets(toy_book(book), now))

    def market_names(self, book: Book) -> Sequence[str]:
        """The one market."""
        return (MARKET,)

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        """There is no pool."""
        return ()

    def pool_states(self, events: Sequence[Event], book: Book) -> Sequence[PoolState]:
        """There is no pool."""
        return ()

    def insurance_fund(self, events: Sequence[Event], book: Book) -> InsuranceFund | None:
        """There is none: the exchange bears losses."""
        return None

    def account_flows(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[AccountFlow]:
        """Nothing is deposited: positions are bought with borrowed dollars."""
        return ()

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        """See reads.chain_views."""
        return reads.chain_views(self._options, self._encoder, self.revert_reason, keys)

    def risk_factors(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[RiskFactor]:
        """See views.risk_factors."""
        return list(views.risk_factors(key, toy_book(book), now))

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        """See views.explain."""
        return views.explain(self._options, self._encoder, key, toy_book(book), now)
