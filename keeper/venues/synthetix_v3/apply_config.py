"""Events that set parameters, and what was read that never changes. What may move margins makes all accounts due."""

from dataclasses import replace
from typing import Any

from keeper.domain.account import AccountKey
from keeper.venues.synthetix_v3.log_events import (
    NodeRegistered,
)
from keeper.venues.synthetix_v3.oracle_node import oracle_node
from keeper.venues.synthetix_v3.parameter_events import (
    CollateralConfigurationSet,
    CollateralLiquidateRewardRatioSet,
    FeatureFlagAllowAllSet,
    FeatureFlagDenyAllSet,
    FundingParametersSet,
    InterestRateParametersSet,
    KeeperCostNodeIdUpdated,
    KeeperRewardGuardsSet,
    LiquidationParametersSet,
    LockedOiRatioSet,
    MarketCreated,
    MarketPriceDataUpdated,
    MaxLiquidationParametersSet,
    OrderFeesSet,
)
from keeper.venues.synthetix_v3.read_events import CollateralDescribed, NodeRead, PriceExponentRead
from keeper.venues.synthetix_v3.state import (
    PARAMETERS,
    CollateralConfiguration,
    InterestRateParameters,
    Market,
    SynthetixBook,
    parameters,
)

_NONE: frozenset[AccountKey] = frozenset()
_PERPS_SYSTEM = "0x" + b"perpsSystem".ljust(32, b"\0").hex()
"""Flags.PERPS_SYSTEM: the feature every call of a keeper needs."""


def market_created(event: MarketCreated, book: SynthetixBook) -> frozenset[AccountKey]:
    """PerpsMarketFactoryModule.createMarket. What was configured before stays."""
    market_id = str(event.market_id)
    book.markets[market_id] = replace(book.markets.get(market_id, _UNCREATED), name=event.name, symbol=event.symbol)
    return _NONE


def market_price_data_updated(event: MarketPriceDataUpdated, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.updatePriceData."""
    return _configure(book, event.market_id, feed_id=event.feed_id, strict_staleness_tolerance=event.strict_staleness_tolerance)


def order_fees_set(event: OrderFeesSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.setOrderFees: fees bound what a window may take."""
    return _configure(book, event.market_id, maker_fee=event.maker_fee_ratio, taker_fee=event.taker_fee_ratio)


def funding_parameters_set(event: FundingParametersSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.setFundingParameters."""
    return _configure(book, event.market_id, skew_scale=event.skew_scale, max_funding_velocity=event.max_funding_velocity)


def liquidation_parameters_set(event: LiquidationParametersSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.setLiquidationParameters."""
    return _configure(
        book,
        event.market_id,
        initial_margin_ratio=event.initial_margin_ratio,
        maintenance_margin_scalar=event.maintenance_margin_scalar,
        minimum_initial_margin_ratio=event.minimum_initial_margin_ratio,
        flag_reward_ratio=event.flag_reward_ratio,
        minimum_position_margin=event.minimum_position_margin,
    )


def max_liquidation_parameters_set(event: MaxLiquidationParametersSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.setMaxLiquidationParameters."""
    return _configure(
        book,
        event.market_id,
        max_liquidation_multiplier=event.max_liquidation_limit_accumulation_multiplier,
        max_liquidation_seconds=event.max_seconds_in_liquidation_window,
        max_liquidation_pd=event.max_liquidation_pd,
        endorsed_liquidator=event.endorsed_liquidator,
    )


def locked_oi_ratio_set(event: LockedOiRatioSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """MarketConfigurationModule.setLockedOiRatio."""
    return _configure(book, event.market_id, locked_oi_ratio=event.locked_oi_ratio)


def collateral_configuration_set(event: CollateralConfigurationSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """CollateralConfigurationModule.setCollateralConfiguration."""
    collateral_id, collaterals = str(event.collateral_id), parameters(book).collaterals
    collateral = replace(
        collaterals.get(collateral_id, _UNCONFIGURED),
        max_amount=event.max_collateral_amount,
        upper_limit_discount=event.upper_limit_discount,
        lower_limit_discount=event.lower_limit_discount,
        discount_scalar=event.discount_scalar,
    )
    return _set(book, collaterals={**collaterals, collateral_id: collateral})


def collateral_described(event: CollateralDescribed, book: SynthetixBook) -> frozenset[AccountKey]:
    """A collateral's token, symbol and oracle node."""
    collateral_id, collaterals = str(event.collateral_id), parameters(book).collaterals
    collateral = replace(collaterals.get(collateral_id, _UNCONFIGURED), token=event.token, symbol=event.symbol, feed_id=event.feed_id)
    _set(book, collaterals={**collaterals, collateral_id: collateral})
    return _NONE


def collateral_liquidate_reward_ratio_set(event: CollateralLiquidateRewardRatioSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """CollateralConfigurationModule.setCollateralLiquidateRewardRatio."""
    ratio = event.collateral_liquidate_reward_ratio
    return _set(book, guards=replace(parameters(book).guards, collateral_liquidate_reward_ratio=ratio))


def keeper_reward_guards_set(event: KeeperRewardGuardsSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """GlobalPerpsMarketModule.setKeeperRewardGuards."""
    guards = replace(
        parameters(book).guards,
        min_keeper_reward=event.min_keeper_reward,
        min_keeper_profit_ratio=event.min_keeper_profit_ratio,
        max_keeper_reward=event.max_keeper_reward,
        max_keeper_scaling_ratio=event.max_keeper_scaling_ratio,
    )
    return _set(book, guards=guards)


def keeper_cost_node_id_updated(event: KeeperCostNodeIdUpdated, book: SynthetixBook) -> frozenset[AccountKey]:
    """GlobalPerpsMarketModule.updateKeeperCostNodeId."""
    return _set(book, keeper_cost_node=event.keeper_cost_node_id)


def interest_rate_parameters_set(event: InterestRateParametersSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """GlobalPerpsMarketModule.setInterestRateParameters: the rate follows with the next update."""
    gradients = InterestRateParameters(
        event.low_utilization_interest_rate_gradient,
        event.interest_rate_gradient_breakpoint,
        event.high_utilization_interest_rate_gradient,
    )
    return _set(book, interest=gradients)


def feature_flag_allow_all_set(event: FeatureFlagAllowAllSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """FeatureFlagModule: decides no margin."""
    if event.feature == _PERPS_SYSTEM:
        _set(book, allow_all=event.allow_all)
    return _NONE


def feature_flag_deny_all_set(event: FeatureFlagDenyAllSet, book: SynthetixBook) -> frozenset[AccountKey]:
    """FeatureFlagModule: decides no margin."""
    if event.feature == _PERPS_SYSTEM:
        _set(book, deny_all=event.deny_all)
    return _NONE


def node_read(event: NodeRegistered | NodeRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """A node never changes: its id is the hash of what it is."""
    node = oracle_node(event.node_type, event.parameters, event.parents)
    _set(book, nodes={**parameters(book).nodes, event.node_id: node})
    return _NONE


def price_exponent_read(event: PriceExponentRead, book: SynthetixBook) -> frozenset[AccountKey]:
    """The unit of a Pyth feed's prices."""
    _set(book, exponents={**parameters(book).exponents, event.price_id: event.exponent})
    return _NONE


def _configure(book: SynthetixBook, market_id: int, **changes: Any) -> frozenset[AccountKey]:
    """A market can be configured before it is created."""
    market = book.markets.get(str(market_id), _UNCREATED)
    book.markets[str(market_id)] = replace(market, configuration=replace(market.configuration, **changes))
    return frozenset(book.accounts)


def _set(book: SynthetixBook, **changes: Any) -> frozenset[AccountKey]:
    book.globals[PARAMETERS] = replace(parameters(book), **changes)
    return frozenset(book.accounts)


_UNCREATED = Market()
_UNCONFIGURED = CollateralConfiguration()
