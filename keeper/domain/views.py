"""What a venue tells people and the lake, in terms common to all protocols."""

from dataclasses import dataclass, field
from enum import StrEnum

from keeper.domain.account import AccountKey
from keeper.domain.chain import Address, RawLog
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18


@dataclass(frozen=True, slots=True)
class LiquidationObserved:
    """A liquidation anybody made, as the venue's logs tell it. `underlying` is what `market` trades, or the collateral that was taken;
    `size_x18` is signed: + when a long was liquidated."""

    account: AccountKey
    liquidator: Address
    market: str
    underlying: str
    breach: Breach
    size_x18: int
    notional_x18: int
    penalty_x18: int
    reward_x18: int
    bad_debt_x18: int
    log: RawLog


@dataclass(frozen=True, slots=True)
class Proceeds:
    """What one transaction changed in the executor's own assets, before gas.

    `settlement` is realised in the settlement token, exactly; `tokens` are raw amounts of other tokens received (+) or paid (-), worth
    `tokens_value` at the book's prices."""

    settlement: Usd18
    tokens: tuple[tuple[Address, int], ...] = ()
    tokens_value: Usd18 = ZERO_USD


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position of an account, for people and for the lake. `liquidation_price_x18` holds everything else still, except what the
    protocol itself values at the same price."""

    account: AccountKey
    market: str
    underlying: str
    size_x18: int
    open_notional_x18: int
    mark_price_x18: int
    liquidation_price_x18: int | None
    has_orders: bool


@dataclass(frozen=True, slots=True)
class MarketView:
    """One market at one block, for people and for the lake. `underlying` is the asset it trades, by the symbol other venues know it by, so
    that they can be compared. Open interest is in base units of 1e-18."""

    market: str
    underlying: str
    mark_price_x18: int
    index_price_x18: int
    spot_price_x18: int
    open_interest_long_x18: int
    open_interest_short_x18: int
    funding_growth_raw: int
    premium_rate_per_day: float


@dataclass(frozen=True, slots=True)
class PoolRange:
    """A change of the liquidity of one price range of a market's pool: of `lower_price` <= price < `upper_price`, in quote per base.

    `liquidity_raw` is sqrt(base x quote), signed: + when it was added."""

    market: str
    lower_price: float
    upper_price: float
    liquidity_raw: int
    liquidity_decimals: int
    log: RawLog


@dataclass(frozen=True, slots=True)
class PoolState:
    """What a market's pool itself says at a block: its price, from the same function as the bounds of its ranges so that comparing them
    tells exactly which are in range, and the liquidity of those, sqrt(base x quote)."""

    market: str
    price: float
    liquidity_raw: int
    liquidity_decimals: int


@dataclass(frozen=True, slots=True)
class InsuranceFund:
    """What the venue's insurance fund can pay, USD; < 0 where it owes."""

    capacity_raw: int
    decimals: int


class FlowKind(StrEnum):
    """What moves tokens between an account and the outside. Bad debt flows in: somebody else pays it."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    BAD_DEBT = "bad_debt"


@dataclass(frozen=True, slots=True)
class AccountFlow:
    """Tokens that came into an account or left it. `amount_raw` is >= 0; `decimals` is None while nothing tells the token's."""

    account: AccountKey
    kind: FlowKind
    token: str
    amount_raw: int
    decimals: int | None
    log: RawLog


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a margin computation: ours beside the contract's own figure where it has one."""

    name: str
    unit: str
    local: int
    chain: int | None = None


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """One part of what an account's equity exceeds its requirement by, USD: what it is worth now (the requirement it brings taken off),
    and what a day adds at the present rate; 0 where it moves only when the market does."""

    name: str
    value_x18: int
    per_day_x18: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every number of one account's margin computation, in the order it is computed."""

    terms: tuple[Term, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)
