"""What the owner sets: features, markets, collateral, rewards. The order is that of the live chains' deployment."""

from __future__ import annotations

from contracts.devnet.chain import Chain
from contracts.devnet.roles import ENDORSED_LIQUIDATOR, OWNER
from contracts.devnet.synthetix_v3.deployment import SNX_USD, Contracts, Market, Synth
from contracts.devnet.synthetix_v3.parameters import (
    OPENING_MARGIN_RATIO_18,
    Listings,
    MarketListing,
    MarketParameters,
    SynthParameters,
    SystemParameters,
)

_STRATEGY = "(uint8,uint256,uint256,address,bytes32,uint256,bool,uint256)"
_PYTH_STRATEGY = 0
_MARKET_ID = 1
"""The perps market's number in the core: the first to be registered."""
_VAULT_VALUE_18 = 10**18
"""What is seized is shared between vaults by their value; of a single one any will do."""
_NO_LIMIT = 2**256 - 1


def configure_system(chain: Chain, contracts: Contracts, system: SystemParameters, cost_node: bytes) -> None:
    """Queues what comes before the markets."""
    market = contracts.perps_market
    for feature in ("perpsSystem", "createAccount"):
        chain.send(OWNER, market, "setFeatureFlagAllowAll(bytes32,bool)", feature.encode(), True)
    chain.send(OWNER, market, "addToFeatureFlagAllowlist(bytes32,address)", b"createMarket", OWNER)
    chain.send(OWNER, market, "initializeFactory(address,address)", contracts.core, contracts.spot_market)
    chain.send(OWNER, market, "setPerpsMarketName(string)", "devnet")
    chain.send(OWNER, market, "updateKeeperCostNodeId(bytes32)", cost_node)
    chain.send(OWNER, market, "setPerAccountCaps(uint128,uint128)", system.max_positions, system.max_collaterals)
    ratio = system.collateral_liquidate_reward_ratio_18
    chain.send(OWNER, market, "setCollateralLiquidateRewardRatio(uint128)", ratio)
    _set_rewards(chain, market, system)
    gradients = (system.low_utilization_gradient_18, system.utilization_breakpoint_18, system.high_utilization_gradient_18)
    chain.send(OWNER, market, "setInterestRateParameters(uint128,uint128,uint128)", *gradients)
    signature = "setCollateralConfiguration(uint128,uint256,uint256,uint256,uint256)"
    chain.send(OWNER, market, signature, SNX_USD, _NO_LIMIT, 0, 0, 0)
    chain.send(OWNER, contracts.core, "delegateCredit(uint128,int256)", _MARKET_ID, system.credit_18)


def open_market(chain: Chain, contracts: Contracts, listing: MarketListing, market: Market) -> None:
    """Queues the creation of a market, with the initial margin of the opening."""
    name = (listing.market_id, listing.name, listing.name)
    chain.send(OWNER, contracts.perps_market, "createMarket(uint128,string,string)", *name)
    parameters = listing.parameters
    _set_price(chain, contracts, market, parameters)
    _set_trading(chain, contracts, listing.market_id, parameters)
    _set_liquidation_limit(chain, contracts, listing.market_id, parameters)
    set_margins(chain, contracts, listing, OPENING_MARGIN_RATIO_18)


def set_margins(chain: Chain, contracts: Contracts, listing: MarketListing, minimum_ratio_18: int | None = None) -> None:
    """Queues a market's margin settings: the listing's, or with another minimum initial margin."""
    parameters = listing.parameters
    chain.send(
        OWNER,
        contracts.perps_market,
        "setLiquidationParameters(uint128,uint256,uint256,uint256,uint256,uint256)",
        listing.market_id,
        parameters.initial_margin_ratio_18,
        parameters.minimum_initial_margin_ratio_18 if minimum_ratio_18 is None else minimum_ratio_18,
        parameters.maintenance_margin_scalar_18,
        parameters.flag_reward_ratio_18,
        parameters.minimum_position_margin_18,
    )


def accept_synth(chain: Chain, contracts: Contracts, synth: Synth, node_id: bytes, parameters: SynthParameters) -> None:
    """Queues everything that makes a synth a collateral of known price."""
    number = synth.collateral_id
    prices = (node_id, node_id, parameters.strict_staleness)
    chain.send(OWNER, contracts.spot_market, "updatePriceData(uint128,bytes32,bytes32,uint256)", number, *prices)
    chain.send(OWNER, contracts.spot_market, "setMarketSkewScale(uint128,uint256)", number, parameters.skew_scale_18)
    chain.send(OWNER, contracts.core, "addCollateral(address,bytes32)", synth.token, node_id)
    discounts = (parameters.upper_discount_18, parameters.lower_discount_18, parameters.discount_scalar_18)
    signature = "setCollateralConfiguration(uint128,uint256,uint256,uint256,uint256)"
    chain.send(OWNER, contracts.perps_market, signature, number, parameters.max_amount_18, *discounts)
    # Liquidity providers delegate snxUSD here, so that there is one vault to give what is seized to.
    chain.send(OWNER, contracts.core, "setVaultValue(address,uint256)", contracts.snx_usd, _VAULT_VALUE_18)
    distributor = (synth.token, synth.reward_distributor, number, [contracts.snx_usd])
    chain.send(OWNER, contracts.perps_market, "registerDistributor(address,address,uint128,address[])", *distributor)


def restore_margins(chain: Chain, contracts: Contracts, listings: Listings) -> None:
    """Queues the listed margin settings of every market, once the first positions are open."""
    for listing in listings.markets:
        set_margins(chain, contracts, listing)


def _set_rewards(chain: Chain, market: str, system: SystemParameters) -> None:
    chain.send(
        OWNER,
        market,
        "setKeeperRewardGuards(uint256,uint256,uint256,uint256)",
        system.min_keeper_reward_18,
        system.min_keeper_profit_ratio_18,
        system.max_keeper_reward_18,
        system.max_keeper_scaling_ratio_18,
    )


def _set_price(chain: Chain, contracts: Contracts, market: Market, parameters: MarketParameters) -> None:
    perps_market, settlement = contracts.perps_market, parameters.settlement
    node_id, price_id = bytes.fromhex(market.node_id[2:]), bytes.fromhex(market.price_id[2:])
    price = (market.market_id, node_id, parameters.strict_staleness)
    chain.send(OWNER, perps_market, "updatePriceData(uint128,bytes32,uint256)", *price)
    times = (settlement.delay, settlement.window)
    strategy = (_PYTH_STRATEGY, *times, contracts.pyth, price_id, settlement.reward_18, False, settlement.price_delay)
    chain.send(OWNER, perps_market, f"addSettlementStrategy(uint128,{_STRATEGY})", market.market_id, strategy)


def _set_trading(chain: Chain, contracts: Contracts, number: int, parameters: MarketParameters) -> None:
    def set_values(function: str, *values: int) -> None:
        chain.send(OWNER, contracts.perps_market, f"{function}(uint128{',uint256' * len(values)})", number, *values)

    set_values("setOrderFees", parameters.maker_fee_18, parameters.taker_fee_18)
    set_values("setMaxMarketSize", parameters.max_market_size_18)
    set_values("setMaxMarketValue", parameters.max_market_value_18)
    set_values("setFundingParameters", parameters.skew_scale_18, parameters.max_funding_velocity_18)
    set_values("setLockedOiRatio", parameters.locked_oi_ratio_18)


def _set_liquidation_limit(chain: Chain, contracts: Contracts, number: int, parameters: MarketParameters) -> None:
    limit = parameters.limit
    values = (limit.multiplier_18, limit.window, limit.max_premium_discount_18, ENDORSED_LIQUIDATOR)
    signature = "setMaxLiquidationParameters(uint128,uint256,uint256,uint256,address)"
    chain.send(OWNER, contracts.perps_market, signature, number, *values)
