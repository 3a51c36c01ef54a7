"""What the book holds, named as in the Solidity. All frozen: a change is a new object, so that a reorg can be undone.

Suffixes: `_x18` 18 decimals, `_x96` Q96, `_raw` the token's own decimals, `_ratio` 1e6 = 100 %. Mappings are never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from keeper.domain.chain import Address, Timestamp
from keeper.domain.journal import VenueBook
from keeper.domain.venue import Book

PARAMETERS = "parameters"
"""The one key of the book's `globals`."""


class Status(IntEnum):
    """IBaseToken.Status."""

    OPEN = 0
    PAUSED = 1
    CLOSED = 2


@dataclass(frozen=True, slots=True)
class Order:
    """OpenOrder.Info as far as events tell it: one range of a maker, keyed by (lower tick, upper tick), whose sqrt prices it keeps."""

    sqrt_lower_x96: int
    sqrt_upper_x96: int
    liquidity: int
    base_debt: int
    quote_debt: int


@dataclass(frozen=True, slots=True)
class Position:
    """AccountMarket.Info plus the account's orders in the market. `size` + is long; `open_notional` is < 0 for a long.

    `growth_x96` is lastTwPremiumGrowthGlobalX96, set when the account last settled funding in this market, at `settled_at`."""

    size: int
    open_notional: int
    growth_x96: int
    settled_at: int
    orders: Mapping[tuple[int, int], Order] = field(default_factory=dict)

    @property
    def base_debt(self) -> int:
        """OrderBook.getTotalOrderDebt in base."""
        return sum(order.base_debt for order in self.orders.values())

    @property
    def quote_debt(self) -> int:
        """OrderBook.getTotalOrderDebt in quote."""
        return sum(order.quote_debt for order in self.orders.values())


@dataclass(frozen=True, slots=True)
class Inspection:
    """What no event tells about an account with orders: its pending fee and funding (USD x18), read at `block` for time `timestamp`."""

    block: int
    timestamp: int
    pending_fee: int
    pending_funding: int


@dataclass(frozen=True, slots=True)
class Account:
    """One trader. `balance_raw` is settlement token in the Vault, `owed_x18` is owedRealizedPnl, `collateral` other tokens (raw)."""

    balance_raw: int = 0
    owed_x18: int = 0
    positions: Mapping[str, Position] = field(default_factory=dict)
    collateral: Mapping[str, int] = field(default_factory=dict)
    debt_threshold_raw: int = 0
    inspections: tuple[Inspection, ...] = ()

    @property
    def is_maker(self) -> bool:
        """True with any open order."""
        return any(position.orders for position in self.positions.values())


@dataclass(frozen=True, slots=True)
class Market:
    """One market, keyed by its base token. `growth_x96` is the global twPremium at `settled_at` (0: never settled);
    `travelled_x96` is the sum of its absolute changes, which bounds any maker's funding.
    `last_tick` is the tick the price limits of trades count from, set at `last_tick_at`."""

    pool: Address
    exchange_fee_ratio: int
    name: str = ""
    insurance_fund_fee_ratio: int = 0
    max_spread_ratio: int = 0
    max_tick_crossed: int = 0
    status: int = Status.OPEN
    stopped_at: int = 0
    growth_x96: int = 0
    travelled_x96: int = 0
    settled_at: int = 0
    first_traded_at: int = 0
    sqrt_price_x96: int = 0
    last_tick: int = 0
    last_tick_at: int = 0
    long_x18: int = 0
    short_x18: int = 0

    def changed(self, **numbers: int) -> "Market":
        """The market with these figures replaced."""
        values: dict[str, Any] = dict(numbers)
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Collateral:
    """CollateralManager's configuration of one non-settlement token; decimals are None until read."""

    collateral_ratio: int
    discount_ratio: int
    name: str = ""
    decimals: int | None = None
    feed_decimals: int | None = None

    def changed(self, **numbers: int | None) -> "Collateral":
        """The collateral with these figures replaced."""
        values: dict[str, Any] = dict(numbers)
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Config:
    """ClearingHouseConfig and CollateralManager, and what is paused (0 or 1). Thresholds in settlement-token units."""

    im_ratio: int
    mm_ratio: int
    liquidation_penalty_ratio: int
    max_funding_rate: int
    twap_interval: int
    mark_twap_interval: int
    premium_interval: int
    mm_ratio_buffer: int
    debt_ratio: int
    liquidation_ratio: int
    cl_insurance_fund_fee_ratio: int
    debt_threshold: int
    collateral_value_dust: int
    clearing_house_paused: int = 0
    vault_paused: int = 0


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that concerns all accounts at once."""

    config: Config
    settlement_token: Address
    settlement_decimals: int
    collaterals: Mapping[str, Collateral] = field(default_factory=dict)

    @property
    def settlement_unit(self) -> int:
        """X18 in one raw unit of the settlement token (10**12 for USDC)."""
        unit: int = 10 ** (18 - self.settlement_decimals)
        return unit


@dataclass(frozen=True, slots=True)
class MarketReads:
    """One market at one time. `price_x18` is the contract's reference price (mark while open); `growth_x96` and `travelled_x96`
    include what has accrued since the last settlement. `premium_x96` is the clamped market minus index TWAP."""

    price_x18: int
    index_x18: int
    spot_x18: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    growth_x96: int
    travelled_x96: int
    premium_x96: int


@dataclass(frozen=True, slots=True)
class CollateralReads:
    """Prices of one collateral in its feed's decimals: the 15-minute TWAP the Vault values it with, and the newest answer."""

    twap: int
    spot: int


@dataclass(frozen=True, slots=True)
class ChainReads:
    """All reads of `block` for one time. A market whose price the contract cannot tell (no TWAP history) is absent."""

    block: int
    markets: Mapping[str, MarketReads] = field(default_factory=dict)
    collaterals: Mapping[str, CollateralReads] = field(default_factory=dict)
    insurance_fund_raw: int | None = None


class PerpBook(VenueBook[Account, Market, Parameters, ChainReads]):
    """Accounts and markets by address, the parameters, and reads by the time they hold for."""


def perp_book(book: Book) -> PerpBook:
    """A book as this venue's own. Raises TypeError for another venue's."""
    if not isinstance(book, PerpBook):
        raise TypeError(f"{type(book).__name__} is not a book of Perp V2")
    return book


def parameters(book: PerpBook) -> Parameters:
    """The book's parameters. Raises KeyError before the snapshot was applied."""
    return book.globals[PARAMETERS]


def reads_at(book: PerpBook, now: Timestamp) -> ChainReads:
    """The reads for `now`. Raises KeyError where `refresh` was not applied for that time."""
    return book.reads[now]
