"""Events that come as logs: the fields of the Solidity event, in its order. Events that only set one parameter share three classes.

Addresses are lower-case hex, ticks and amounts signed integers. Units as in the contracts: positions and pnl X18, Vault amounts raw."""

from dataclasses import dataclass

from keeper.domain.venue import Event
from keeper.venues.perp_v2.trader_event import TraderEvent


@dataclass(frozen=True, slots=True)
class PositionChanged(TraderEvent):
    """ClearingHouse: size delta (+ long), notional delta (+ received) before fee, new takerOpenNotional."""

    trader: str
    base_token: str
    exchanged_position_size: int
    exchanged_position_notional: int
    fee: int
    open_notional: int
    realized_pnl: int
    sqrt_price_after_x96: int


@dataclass(frozen=True, slots=True)
class PositionLiquidated(TraderEvent):
    """ClearingHouse: absolute amounts; the fee is the whole penalty. No effect of its own on the book."""

    trader: str
    base_token: str
    position_notional: int
    position_size: int
    liquidation_fee: int
    liquidator: str


@dataclass(frozen=True, slots=True)
class PositionClosed(TraderEvent):
    """ClearingHouse: a position in a closed market was settled at the closed price."""

    trader: str
    base_token: str
    closed_position_size: int
    closed_position_notional: int
    open_notional: int
    realized_pnl: int
    closed_price: int


@dataclass(frozen=True, slots=True)
class FundingPaymentSettled(TraderEvent):
    """ClearingHouse: > 0 the trader paid. The cash moved in a PnlRealized."""

    trader: str
    base_token: str
    funding_payment: int


@dataclass(frozen=True, slots=True)
class LiquidityChanged(TraderEvent):
    """ClearingHouse: an order's amounts and liquidity, > 0 added, < 0 removed; 0 only collects fees."""

    trader: str
    base_token: str
    quote_token: str
    lower_tick: int
    upper_tick: int
    base: int
    quote: int
    liquidity: int
    quote_fee: int


@dataclass(frozen=True, slots=True)
class PnlRealized(TraderEvent):
    """AccountBalance: owedRealizedPnl += amount."""

    trader: str
    amount: int


@dataclass(frozen=True, slots=True)
class Deposited(TraderEvent):
    """Vault: token units, for the beneficiary."""

    collateral_token: str
    trader: str
    amount: int


@dataclass(frozen=True, slots=True)
class Withdrawn(TraderEvent):
    """Vault: token units. Settles the trader's funding everywhere and, for the settlement token, owedRealizedPnl first."""

    collateral_token: str
    trader: str
    amount: int


@dataclass(frozen=True, slots=True)
class CollateralLiquidated(TraderEvent):
    """Vault: collateral in token units; what was repaid to the trader and what the insurance fund got in settlement units."""

    trader: str
    collateral_token: str
    liquidator: str
    collateral: int
    repaid_settlement: int
    insurance_fund_fee: int
    discount_ratio: int


@dataclass(frozen=True, slots=True)
class BadDebtSettled(TraderEvent):
    """Vault: the insurance fund's balance pays the trader's negative one, settlement units."""

    trader: str
    amount: int


@dataclass(frozen=True, slots=True)
class FundingUpdated(Event):
    """Exchange: a market's funding was settled for everybody, once per market and timestamp. TWAPs X18."""

    base_token: str
    market_twap: int
    index_twap: int


@dataclass(frozen=True, slots=True)
class PoolAdded(Event):
    """MarketRegistry: a new market."""

    base_token: str
    fee_ratio: int
    pool: str


@dataclass(frozen=True, slots=True)
class CollateralAdded(Event):
    """CollateralManager: a new non-settlement collateral."""

    token: str
    price_feed: str
    collateral_ratio: int
    discount_ratio: int
    deposit_cap: int


@dataclass(frozen=True, slots=True)
class PriceFeedChanged(Event):
    """CollateralManager: a collateral's feed was replaced; its decimals may differ."""

    token: str
    price_feed: str


@dataclass(frozen=True, slots=True)
class WhitelistedDebtThresholdChanged(TraderEvent):
    """CollateralManager: one trader's own debt threshold, settlement units; 0 is none."""

    trader: str
    whitelisted_debt_threshold: int


@dataclass(frozen=True, slots=True)
class ConfigChanged(Event):
    """ClearingHouseConfig, CollateralManager, Paused and Unpaused: the field of `state.Config` that changed, and its new value."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class MarketConfigChanged(Event):
    """MarketRegistry and Exchange: the field of `state.Market` that changed, and its new value."""

    name: str
    base_token: str
    value: int


@dataclass(frozen=True, slots=True)
class CollateralConfigChanged(Event):
    """CollateralManager: the field of `state.Collateral` that changed, and its new value."""

    name: str
    token: str
    value: int
