"""The venue: the parts of this package behind the interface of keeper.domain.venue."""

from collections.abc import Mapping, Sequence, Set

from keeper.domain.chain import Address, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.journal import VenueBook
from keeper.domain.use import Use
from keeper.domain.venue import (
    AccountFlow,
    AccountKey,
    CallRule,
    ChainView,
    Explanation,
    FeedId,
    Health,
    InsuranceFund,
    LiquidationObserved,
    LiquidationPlan,
    MarketView,
    NoPlan,
    OwnerCall,
    PoolRange,
    PoolState,
    PositionView,
    Proceeds,
    Valuer,
    WatchBox,
)
from keeper.venues.perp_v2 import capital, descriptions, explain, flows, liquidation, pools, reads, refresh, rules, snapshot, views
from keeper.venues.perp_v2.apply import handlers
from keeper.venues.perp_v2.calls import Encoder
from keeper.venues.perp_v2.decoder import Decoder
from keeper.venues.perp_v2.events import EVENT_TYPES, PerpEvent
from keeper.venues.perp_v2.feeds import feeds_at
from keeper.venues.perp_v2.inventory import Inventory
from keeper.venues.perp_v2.maker_box import maker_box
from keeper.venues.perp_v2.margin import free_collateral, health_of, margin_of
from keeper.venues.perp_v2.observed import observed
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.proceeds import ProceedsReader
from keeper.venues.perp_v2.reverts import RevertNames
from keeper.venues.perp_v2.state import PerpBook, parameters
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
        self._revert_names = RevertNames()

    @property
    def name(self) -> str:
        """The protocol's."""
        return "perp_v2"

    @property
    def event_types(self) -> Sequence[type[PerpEvent]]:
        """Every event class."""
        return EVENT_TYPES

    def new_book(self) -> PerpBook:
        """An empty book."""
        return VenueBook()

    def filters(self) -> Sequence[LogFilter]:
        """All logs of the contracts whose events change the book."""
        return self._filters

    def snapshot(self) -> Reads[Sequence[PerpEvent]]:
        """See snapshot.snapshot."""
        return snapshot.snapshot(self._options, self._encoder)

    def decode(self, log: RawLog) -> PerpEvent | None:
        """See decoder.Decoder."""
        return self._decoder(log)

    def apply(self, event: PerpEvent, book: PerpBook) -> Set[AccountKey]:
        """See apply. Raises StateDivergence for an event the book cannot have led to."""
        return self._handlers[type(event)](event, book)

    def refresh(self, book: PerpBook, now: Timestamp) -> Reads[Sequence[PerpEvent]]:
        """See refresh.refresh."""
        return refresh.refresh(self._options, self._encoder, book, now)

    def inspect(self, keys: Sequence[AccountKey], book: PerpBook, now: Timestamp) -> Reads[Sequence[PerpEvent]]:
        """See reads.inspect."""
        return reads.inspect(self._options, self._encoder, keys, book, now)

    def resync(self, keys: Sequence[AccountKey], book: PerpBook) -> Reads[Sequence[PerpEvent]]:
        """See reads.resync."""
        return reads.resync(self._options, self._encoder, keys, book)

    def describe(self, book: PerpBook) -> Reads[Sequence[PerpEvent]]:
        """See descriptions.describe."""
        return descriptions.describe(self._options, self._encoder, book)

    def feeds(self, book: PerpBook, now: Timestamp) -> Mapping[FeedId, int]:
        """See feeds.feeds_at."""
        return feeds_at(book, now)

    def health(self, key: AccountKey, book: PerpBook, now: Timestamp) -> Health:
        """See margin.health_of."""
        return health_of(key, book, now)

    def watch_box(self, key: AccountKey, book: PerpBook, now: Timestamp) -> WatchBox:
        """See taker_box and maker_box. While a price is missing the account is looked at in every block."""
        account = book.accounts[key]
        margin = margin_of(account, book, now)
        if margin is None:
            return WatchBox({}, valid_until=now)
        return maker_box(account, margin, book, now) if account.is_maker else taker_box(account, margin, book, now)

    def liquidation(self, key: AccountKey, book: PerpBook, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """See liquidation.plan."""
        return liquidation.plan(self._options, self._encoder, key, book, now, Inventory(executor, used))

    def unwind(self, executor: Address, book: PerpBook, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """See liquidation.unwind."""
        return liquidation.unwind(self._options, self._encoder, Inventory(executor, used), book, now)

    def rules(self, book: PerpBook) -> Sequence[CallRule]:
        """See rules.rules."""
        return rules.rules(self._options, book)

    def valuer(self, book: PerpBook) -> Valuer:
        """See rules.valuer."""
        return rules.valuer(self._options, self._encoder, book)

    def listings(self) -> Sequence[LogFilter]:
        """Markets and collaterals as they were added."""
        return rules.listings(self._options)

    def tokens(self, book: PerpBook) -> Sequence[Address]:
        """See capital.tokens."""
        return capital.tokens(book)

    def pay_in(self, book: PerpBook, executor: Address, amount_x18: int) -> Sequence[OwnerCall]:
        """See capital.pay_in."""
        return capital.pay_in(self._options, book, executor, amount_x18)

    def pay_out(self, book: PerpBook, amount_x18: int) -> Sequence[OwnerCall]:
        """See capital.pay_out."""
        return capital.pay_out(self._options, book, amount_x18)

    def free_capital(self, executor: Address, book: PerpBook, now: Timestamp) -> int:
        """Vault.getFreeCollateralByRatio at the initial margin ratio, X18; 0 for an account the book does not have."""
        account = book.accounts.get(AccountKey(executor))
        if account is None:
            return 0
        return free_collateral(account, book, now, parameters(book).config.im_ratio) or 0

    def observed(self, events: Sequence[tuple[RawLog, PerpEvent]], book: PerpBook) -> Sequence[LiquidationObserved]:
        """See observed.observed."""
        return observed(events, book)

    def revert_reason(self, data: bytes) -> str:
        """See reverts.RevertNames."""
        return self._revert_names(data)

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: PerpBook) -> Proceeds:
        """See proceeds.ProceedsReader."""
        return self._proceeds(logs, executor, book)

    def positions(self, key: AccountKey, book: PerpBook, now: Timestamp) -> Sequence[PositionView]:
        """See views.positions."""
        return list(views.positions(key, book, now))

    def markets(self, book: PerpBook, now: Timestamp) -> Sequence[MarketView]:
        """See views.markets."""
        return list(views.markets(book, now))

    def market_names(self, book: PerpBook) -> Sequence[str]:
        """By symbol, by address before the first reads."""
        return [market.name or base_token for base_token, market in book.markets.items()]

    def pool_ranges(self, events: Sequence[tuple[RawLog, PerpEvent]], book: PerpBook) -> Sequence[PoolRange]:
        """See pools.ranges."""
        return list(pools.ranges(events, book))

    def pool_states(self, events: Sequence[PerpEvent], book: PerpBook) -> Sequence[PoolState]:
        """See pools.states."""
        return list(pools.states(events, book))

    def insurance_fund(self, events: Sequence[PerpEvent], book: PerpBook) -> InsuranceFund | None:
        """See flows.insurance_fund."""
        return flows.insurance_fund(events, book)

    def account_flows(self, events: Sequence[tuple[RawLog, PerpEvent]], book: PerpBook) -> Sequence[AccountFlow]:
        """See flows.account_flows."""
        return list(flows.account_flows(events, book))

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        """See reads.chain_views."""
        return reads.chain_views(self._options, self._encoder, keys)

    def explain(self, key: AccountKey, book: PerpBook, now: Timestamp) -> Reads[Explanation]:
        """See explain.explain."""
        return explain.explain(self._options, self._encoder, key, book, now)
