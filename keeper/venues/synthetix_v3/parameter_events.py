"""Logs that set parameters: the fields of the Solidity event, in its order. Amounts and ratios have 18 decimals."""

from dataclasses import dataclass

from keeper.domain.venue import Event


@dataclass(frozen=True, slots=True)
class MarketCreated(Event):
    """PerpsMarketFactoryModule: a new market."""

    market_id: int
    name: str
    symbol: str


@dataclass(frozen=True, slots=True)
class MarketPriceDataUpdated(Event):
    """MarketConfigurationModule: the oracle node of a market, and how old (s) its price may be for a liquidation."""

    market_id: int
    feed_id: str
    strict_staleness_tolerance: int


@dataclass(frozen=True, slots=True)
class OrderFeesSet(Event):
    """MarketConfigurationModule."""

    market_id: int
    maker_fee_ratio: int
    taker_fee_ratio: int


@dataclass(frozen=True, slots=True)
class FundingParametersSet(Event):
    """MarketConfigurationModule."""

    market_id: int
    skew_scale: int
    max_funding_velocity: int


@dataclass(frozen=True, slots=True)
class LiquidationParametersSet(Event):
    """MarketConfigurationModule. The third argument is called maintenanceMarginRatioD18 and carries the scalar."""

    market_id: int
    initial_margin_ratio: int
    maintenance_margin_scalar: int
    minimum_initial_margin_ratio: int
    flag_reward_ratio: int
    minimum_position_margin: int


@dataclass(frozen=True, slots=True)
class MaxLiquidationParametersSet(Event):
    """MarketConfigurationModule."""

    market_id: int
    max_liquidation_limit_accumulation_multiplier: int
    max_seconds_in_liquidation_window: int
    max_liquidation_pd: int
    endorsed_liquidator: str


@dataclass(frozen=True, slots=True)
class LockedOiRatioSet(Event):
    """MarketConfigurationModule."""

    market_id: int
    locked_oi_ratio: int


@dataclass(frozen=True, slots=True)
class CollateralConfigurationSet(Event):
    """CollateralConfigurationModule."""

    collateral_id: int
    max_collateral_amount: int
    upper_limit_discount: int
    lower_limit_discount: int
    discount_scalar: int


@dataclass(frozen=True, slots=True)
class CollateralLiquidateRewardRatioSet(Event):
    """CollateralConfigurationModule."""

    collateral_liquidate_reward_ratio: int


@dataclass(frozen=True, slots=True)
class KeeperRewardGuardsSet(Event):
    """GlobalPerpsMarketModule. Rewards in USD."""

    min_keeper_reward: int
    min_keeper_profit_ratio: int
    max_keeper_reward: int
    max_keeper_scaling_ratio: int


@dataclass(frozen=True, slots=True)
class KeeperCostNodeIdUpdated(Event):
    """GlobalPerpsMarketModule: the oracle node that tells a keeper's gas costs in USD."""

    keeper_cost_node_id: str


@dataclass(frozen=True, slots=True)
class InterestRateParametersSet(Event):
    """GlobalPerpsMarketModule."""

    low_utilization_interest_rate_gradient: int
    interest_rate_gradient_breakpoint: int
    high_utilization_interest_rate_gradient: int


@dataclass(frozen=True, slots=True)
class FeatureFlagAllowAllSet(Event):
    """FeatureFlagModule: whether everybody may use a feature."""

    feature: str
    allow_all: bool


@dataclass(frozen=True, slots=True)
class FeatureFlagDenyAllSet(Event):
    """FeatureFlagModule: whether nobody may use a feature."""

    feature: str
    deny_all: bool
