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
from keeper.domain.revert import solidity_reason
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
from keeper.venues.perp_v2 import capital, descriptions, explain, flows, liquidation, pools, reads, refresh, rules, snapshot, views
from keeper.venues.perp_v2.apply import handlers
from keeper.venues.perp_v2.decoder import Decoder
from keeper.venues.perp_v2.events import EVENT_TYPES
from keeper.venues.perp_v2.feeds import feeds_at
from keeper.venues.perp_v2.inventory import Inventory
from keeper.venues.perp_v2.maker_box import maker_box
from keeper.venues.perp_v2.margin import free_collateral, health_of, margin_of
from keeper.venues.perp_v2.observed import observed
from keeper.venues.perp_v2.opening import opening
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.proceeds import ProceedsReader
from keeper.venues.perp_v2.reverts import CODES
from keeper.venues.perp_v2.risk_factors import risk_factors
from keeper.venues.perp_v2.state import PerpBook, parameters, perp_book
from keeper.venues.perp_v2.taker_box import taker_box


class PerpV2:
    """Perpetual Protocol V2. Holds no state of the chain: all of that is in the book it is given."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._encoder = Encoder()
        self._decoder = Decoder(options)
        self._handlers = handlers(AccountKey(options.insurance_fund))
        self._filters = (LogFilter(self._decoder.addresses),)
        self._proceeds = ProceedsReader(self._decoder)

    @property
    def name(self) -> str:
        """The protocol's."""
        return "perp_v2"

    @property
    def capabilities(self) -> Capabilities:
        """Positions are taken over, with margin; prices are on the chain."""
        return Capabilities(actor=Actor.ANYBODY, needs_capital=True, pull_oracle=False)

    @property
    def event_types(self) -> Sequence[type[Event]]:
        """Every event class."""
        return EVENT_TYPES

    def new_book(self) -> PerpBook:
        """An empty book."""
        return PerpBook()

    def filters(self) -> Sequence[LogFilter]:
        """All logs of the contracts whose events change the book."""
        return self._filters

    def snapshot(self) -> Reads[Sequence[Event]]:
        """See snapshot.snapshot."""
        return snapshot.snapshot(self._options, self._encoder)

    def decode(self, log: RawLog) -> Event | None:
        """See decoder.Decoder."""
        return self._decoder(log)

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        """See apply. Raises StateDivergence for an event the book cannot have led to."""
        return self._handlers[type(event)](event, perp_book(book))

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """See refresh.refresh."""
        return refresh.refresh(self._options, self._encoder, perp_book(book), now)

    def inspect(self, keys: Sequence[AccountKey], book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """See reads.inspect."""
        return reads.inspect(self._options, self._encoder, keys, perp_book(book), now)

    def resync(self, keys: Sequence[AccountKey], book: Book) -> Reads[Sequence[Event]]:
        """See reads.resync."""
        return reads.resync(self._options, self._encoder, keys, perp_book(book))

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        """See descriptions.describe."""
        return descriptions.describe(self._options, self._encoder, perp_book(book))

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        """See feeds.feeds_at."""
        return feeds_at(perp_book(book), now)

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        """See margin.health_of."""
        return health_of(key, perp_book(book), now)

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        """See taker_box and maker_box. While a price is missing the account is looked at in every block."""
        own = perp_book(book)
        account = own.accounts[key]
        margin = margin_of(account, own, now)
        if margin is None:
            return WatchBox({}, valid_until=now)
        return maker_box(account, margin, own, now) if account.is_maker else taker_box(account, margin, own, now)

    def opening(self, market: str, size_x18: int, margin_x18: int, book: Book, now: Timestamp) -> Reads[Sequence[Event] | NoOpening]:
        """See opening.opening. The book tells all that it takes."""
        yield from ()
        return opening(market, size_x18, margin_x18, perp_book(book), now)

    def quotes(self, book: Book) -> Sequence[PriceId]:
        """None: its oracles push their prices onto the chain."""
        return ()

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        """Nothing."""
        return ()

    def push(self, quotes: Sequence[Quote], book: Book) -> Sequence[LiquidationCall]:
        """Nothing."""
        return ()

    def required_quotes(self, data: bytes) -> Sequence[PriceId]:
        """None."""
        return ()

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """See liquidation.plan."""
        return liquidation.plan(self._options, self._encoder, key, perp_book(book), now, Inventory(executor, used))

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """See liquidation.unwind."""
        return liquidation.unwind(self._options, self._encoder, Inventory(executor, used), perp_book(book), now)

    def rules(self, book: Book) -> Sequence[CallRule]:
        """See rules.rules."""
        return rules.rules(self._options, perp_book(book))

    def valuer(self, book: Book) -> Valuer:
        """See rules.valuer."""
        return rules.valuer(self._options, self._encoder, perp_book(book))

    def listings(self) -> Sequence[LogFilter]:
        """Markets and collaterals as they were added."""
        return rules.listings(self._options)

    def tokens(self, book: Book) -> Sequence[Address]:
        """See capital.tokens."""
        return capital.tokens(perp_book(book))

    def pay_in(self, book: Book, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
        """See capital.pay_in."""
        return capital.pay_in(self._options, perp_book(book), executor, amount)

    def pay_out(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        """See capital.pay_out."""
        return capital.pay_out(self._options, perp_book(book), amount)

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        """Vault.getFreeCollateralByRatio at the initial margin ratio; nothing for an account the book does not have."""
        own = perp_book(book)
        account = own.accounts.get(AccountKey(executor))
        if account is None:
            return ZERO_USD
        return Usd18(free_collateral(account, own, now, parameters(own).config.im_ratio) or 0)

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        """See observed.observed."""
        return observed(events, perp_book(book))

    def revert_reason(self, data: bytes) -> str:
        """See domain.revert and reverts.CODES."""
        return solidity_reason(data, CODES)

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        """See proceeds.ProceedsReader."""
        return self._proceeds(logs, executor, perp_book(book))

    def positions(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[PositionView]:
        """See views.positions."""
        return list(views.positions(key, perp_book(book), now))

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        """See views.markets."""
        return list(views.markets(perp_book(book), now))

    def market_names(self, book: Book) -> Sequence[str]:
        """By symbol, by address before the first reads."""
        return [views.name_of(base_token, market) for base_token, market in perp_book(book).markets.items()]

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        """See pools.ranges."""
        return list(pools.ranges(events, perp_book(book)))

    def pool_states(self, events: Sequence[Event], book: Book) -> Sequence[PoolState]:
        """See pools.states."""
        return list(pools.states(events, perp_book(book)))

    def insurance_fund(self, events: Sequence[Event], book: Book) -> InsuranceFund | None:
        """See flows.insurance_fund."""
        return flows.insurance_fund(events, perp_book(book))

    def account_flows(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[AccountFlow]:
        """See flows.account_flows."""
        return list(flows.account_flows(events, perp_book(book)))

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        """See reads.chain_views."""
        return reads.chain_views(self._options, self._encoder, self.revert_reason, keys)

    def risk_factors(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[RiskFactor]:
        """See risk_factors.risk_factors."""
        return list(risk_factors(key, perp_book(book), now))

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        """See explain.explain."""
        return explain.explain(self._options, self._encoder, key, perp_book(book), now)
