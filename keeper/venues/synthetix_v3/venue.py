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
from keeper.venues.synthetix_v3 import box, descriptions, explain, flows, liquidation, reads, refresh, rules, snapshot, views
from keeper.venues.synthetix_v3.apply import HANDLERS
from keeper.venues.synthetix_v3.decoder import Decoder
from keeper.venues.synthetix_v3.events import EVENT_TYPES
from keeper.venues.synthetix_v3.feeds import feeds_at
from keeper.venues.synthetix_v3.margin import health_of, margin_of
from keeper.venues.synthetix_v3.observed import observed
from keeper.venues.synthetix_v3.opening import opening
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.proceeds import ProceedsReader
from keeper.venues.synthetix_v3.quotes import QuoteRequests, price_ids, push, quoted
from keeper.venues.synthetix_v3.reverts import ERRORS
from keeper.venues.synthetix_v3.risk_factors import risk_factors
from keeper.venues.synthetix_v3.state import SynthetixBook, synthetix_book


class SynthetixV3:
    """Synthetix Perps V3. Holds no state of the chain: all of that is in the book it is given."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._encoder = Encoder()
        self._decoder = Decoder(options)
        self._proceeds = ProceedsReader(options.usd_token)
        self._quote_requests = QuoteRequests()
        self._reasons = CustomErrors(ERRORS, lambda data: solidity_reason(data, {}))

    @property
    def name(self) -> str:
        """The protocol's."""
        return "synthetix_v3"

    @property
    def capabilities(self) -> Capabilities:
        """The perps market closes positions itself; Pyth's prices are pulled."""
        return Capabilities(actor=Actor.ANYBODY, needs_capital=False, pull_oracle=True)

    @property
    def event_types(self) -> Sequence[type[Event]]:
        """Every event class."""
        return EVENT_TYPES

    def new_book(self) -> SynthetixBook:
        """An empty book."""
        return SynthetixBook()

    def filters(self) -> Sequence[LogFilter]:
        """All logs of the perps market; of Pyth, the oracle manager and snxUSD one event each."""
        return self._decoder.filters

    def snapshot(self) -> Reads[Sequence[Event]]:
        """See snapshot.snapshot."""
        return snapshot.snapshot(self._options, self._encoder)

    def decode(self, log: RawLog) -> Event | None:
        """See decoder.Decoder."""
        return self._decoder(log)

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        """See apply. Raises StateDivergence for an event the book cannot have led to."""
        return HANDLERS[type(event)](event, synthetix_book(book))

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """See refresh.refresh."""
        return refresh.refresh(self._options, self._encoder, synthetix_book(book), now)

    def inspect(self, keys: Sequence[AccountKey], book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """See reads.inspect."""
        return reads.inspect(self._options, self._encoder, keys, synthetix_book(book), now)

    def resync(self, keys: Sequence[AccountKey], book: Book) -> Reads[Sequence[Event]]:
        """Events tell everything, or say where they do not: `inspect` asks for that whenever it is needed."""
        yield from ()
        return ()

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        """See descriptions.describe."""
        return descriptions.describe(self._options, self._encoder, synthetix_book(book))

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        """See feeds.feeds_at."""
        return feeds_at(synthetix_book(book), now)

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        """See margin.health_of."""
        return health_of(key, synthetix_book(book), now)

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        """See box.watch_box. While a price is missing the account is looked at in every block."""
        own = synthetix_book(book)
        account = own.accounts[key]
        margin = margin_of(account, own, now)
        return WatchBox({}, valid_until=now) if margin is None else box.watch_box(account, margin, own, now)

    def opening(self, market: str, size_x18: int, margin_x18: int, book: Book, now: Timestamp) -> Reads[Sequence[Event] | NoOpening]:
        """See opening.opening."""
        return opening(self._options, self._encoder, market, size_x18, margin_x18, synthetix_book(book), now)

    def quotes(self, book: Book) -> Sequence[PriceId]:
        """See quotes.price_ids."""
        return price_ids(self._options, synthetix_book(book))

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        """See quotes.quoted."""
        return list(quoted(self._options, quotes, synthetix_book(book), at))

    def push(self, quotes: Sequence[Quote], book: Book) -> Sequence[LiquidationCall]:
        """See quotes.push."""
        return push(self._options, self._encoder, quotes)

    def required_quotes(self, data: bytes) -> Sequence[PriceId]:
        """See quotes.QuoteRequests."""
        return self._quote_requests(data)

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """See liquidation.plan."""
        return liquidation.plan(self._options, self._encoder, key, synthetix_book(book), now, executor, used)

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """A liquidator takes nothing over."""
        return None

    def rules(self, book: Book) -> Sequence[CallRule]:
        """See rules.rules."""
        return rules.rules(self._options)

    def valuer(self, book: Book) -> Valuer:
        """See rules.valuer."""
        return rules.valuer(self._options, self._encoder)

    def listings(self) -> Sequence[LogFilter]:
        """See rules.listings."""
        return rules.listings(self._options)

    def tokens(self, book: Book) -> Sequence[Address]:
        """Rewards are paid in snxUSD."""
        return (self._options.usd_token,)

    def pay_in(self, book: Book, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
        """A liquidator needs no margin."""
        return ()

    def pay_out(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        """What it earns is in its wallet already."""
        return ()

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        """Plans need none."""
        return ZERO_USD

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        """See observed.observed."""
        return list(observed(events, synthetix_book(book)))

    def revert_reason(self, data: bytes) -> str:
        """See domain.revert and reverts.ERRORS."""
        return self._reasons(data)

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        """See proceeds.ProceedsReader."""
        return self._proceeds(logs, executor)

    def positions(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[PositionView]:
        """See views.positions."""
        return list(views.positions(key, synthetix_book(book), now))

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        """See views.markets."""
        return list(views.markets(synthetix_book(book), now))

    def market_names(self, book: Book) -> Sequence[str]:
        """By symbol."""
        return [views.name_of(market_id, market) for market_id, market in synthetix_book(book).markets.items()]

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        """Liquidity providers stand behind all markets at once, without ranges."""
        return ()

    def pool_states(self, events: Sequence[Event], book: Book) -> Sequence[PoolState]:
        """No market has a pool."""
        return ()

    def insurance_fund(self, events: Sequence[Event], book: Book) -> InsuranceFund | None:
        """There is none: the core's liquidity providers take losses."""
        return None

    def account_flows(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[AccountFlow]:
        """See flows.account_flows."""
        return list(flows.account_flows(self._options, events, synthetix_book(book)))

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        """See reads.chain_views."""
        return reads.chain_views(self._options, self._encoder, self.revert_reason, keys)

    def risk_factors(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[RiskFactor]:
        """See risk_factors.risk_factors."""
        return list(risk_factors(key, synthetix_book(book), now))

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        """See explain.explain."""
        return explain.explain(self._options, self._encoder, key, synthetix_book(book), now)
