"""What the devnet's markets are set to: the values of Base, chain 8453, where nothing else is said.

Source: npm `@synthetixio/v3-contracts` 8.10.0, `8453-andromeda/perpsMarkets.json` and `cannon.json`. Amounts and ratios
have 18 decimals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_E18 = 10**18
_TRADERS_PER_DEPTH = 120
_DEPTH = 20
"""So many traders hold a twentieth of what a live market is made for."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """An order's way: seconds from commitment to its price, to the settlement, and how long that is open; reward in USD."""

    price_delay: int = 2
    delay: int = 2
    window: int = 60
    reward_18: int = 4 * _E18 // 10


@dataclass(frozen=True, slots=True)
class LiquidationLimit:
    """How much of a market may be liquidated: (maker fee + taker fee) · skew scale · multiplier · window in one window.

    The multiplier is a tenth of the live one and the window a third (1.5 and 30 s there): of ETH 28,000 USD go in 10 s, so
    that a large position takes several windows.
    """

    multiplier_18: int = 15 * _E18 // 100
    window: int = 10
    max_premium_discount_18: int = 5 * _E18 // 10_000


@dataclass(frozen=True, slots=True)
class MarketParameters:
    """A market's own settings; names as in MarketConfigurationModule."""

    skew_scale_18: int
    initial_margin_ratio_18: int
    max_market_size_18: int
    minimum_initial_margin_ratio_18: int = 28 * _E18 // 100
    maintenance_margin_scalar_18: int = 2 * _E18 // 100
    flag_reward_ratio_18: int = 3 * _E18 // 10_000
    minimum_position_margin_18: int = 15 * _E18
    max_funding_velocity_18: int = 9 * _E18
    locked_oi_ratio_18: int = _E18 // 10
    max_market_value_18: int = 50_000_000 * _E18
    maker_fee_18: int = _E18 // 1_000_000
    taker_fee_18: int = 5 * _E18 // 10_000
    strict_staleness: int = 60
    """Seconds, as of all but two of the live markets (ETH and BTC have 3,600)."""
    settlement: Settlement = Settlement()
    limit: LiquidationLimit = LiquidationLimit()


@dataclass(frozen=True, slots=True)
class SystemParameters:
    """What holds for all markets. Interest is zero on Base; here some is charged, so that it is met."""

    min_keeper_reward_18: int = _E18
    min_keeper_profit_ratio_18: int = 3 * _E18 // 10
    max_keeper_reward_18: int = 30 * _E18
    max_keeper_scaling_ratio_18: int = 3 * _E18 // 10
    collateral_liquidate_reward_ratio_18: int = 3 * _E18 // 10_000
    max_positions: int = 10
    max_collaterals: int = 3
    low_utilization_gradient_18: int = 3 * _E18 // 10_000
    utilization_breakpoint_18: int = 75 * _E18 // 100
    high_utilization_gradient_18: int = _E18 // 100
    staleness: int = 3_600
    """Seconds a price may be old where a view or an order asks for it; liquidations ask for a strict one."""
    credit_18: int = 10_000_000 * _E18
    """USD liquidity providers stand for."""
    settlement_cost_18: int = 5 * _E18 // 100
    flag_cost_per_feed_18: int = _E18 // 10
    liquidate_cost_18: int = 15 * _E18 // 100


@dataclass(frozen=True, slots=True)
class SynthParameters:
    """A synth as collateral. The skew scale is a seven-hundredth of the live one (sWETH: 350,000), so that the haircut of what
    traders here deposit moves between its limits."""

    max_amount_18: int = 1_750 * _E18
    upper_discount_18: int = _E18 // 10
    lower_discount_18: int = _E18 // 100
    discount_scalar_18: int = _E18
    skew_scale_18: int = 500 * _E18
    strict_staleness: int = 60


@dataclass(frozen=True, slots=True)
class MarketListing:
    """A market to be created. `price_id` is Pyth's, as live; prices have 8 decimals."""

    market_id: int
    name: str
    start_price_8: int
    price_id: bytes
    parameters: MarketParameters


@dataclass(frozen=True, slots=True)
class SynthListing:
    """A synth to be created; its price is that of the market it `follows`."""

    collateral_id: int
    name: str
    follows: str
    parameters: SynthParameters


@dataclass(frozen=True, slots=True)
class Listings:
    """All that is brought up."""

    markets: tuple[MarketListing, ...]
    synths: tuple[SynthListing, ...]
    system: SystemParameters = SystemParameters()


_ETH = MarketListing(
    100,
    "ETH",
    2_500 * 10**8,
    bytes.fromhex("ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace"),
    MarketParameters(
        skew_scale_18=300_000 * _E18 // _DEPTH,
        initial_margin_ratio_18=116 * _E18 // 100,
        max_market_size_18=30_700 * _E18 // _DEPTH,
    ),
)
_BTC = MarketListing(
    200,
    "BTC",
    60_000 * 10**8,
    bytes.fromhex("e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43"),
    MarketParameters(
        skew_scale_18=12_500 * _E18 // _DEPTH,
        initial_margin_ratio_18=154 * _E18 // 100,
        max_market_size_18=1_200 * _E18 // _DEPTH,
    ),
)
LISTINGS = Listings((_ETH, _BTC), (SynthListing(6, "sWETH", "ETH", SynthParameters()),))
"""Ids as on Base."""
OPENING_MARGIN_RATIO_18 = 5 * _E18 // 100
"""The minimum initial margin while the first positions open. With the live 28 % nobody would be near liquidation before the
market has moved by a quarter; those of whom that is true on a live chain are here from the start."""


def deepened(listings: Listings, traders: int) -> Listings:
    """The same markets, deeper where there are more traders to carry. What may be liquidated in a window stays as it is."""
    parts = max(traders, _TRADERS_PER_DEPTH)

    def deeper(value_18: int) -> int:
        return value_18 * parts // _TRADERS_PER_DEPTH

    def market(listing: MarketListing) -> MarketListing:
        parameters = listing.parameters
        limit = replace(parameters.limit, multiplier_18=parameters.limit.multiplier_18 * _TRADERS_PER_DEPTH // parts)
        deep = replace(
            parameters,
            skew_scale_18=deeper(parameters.skew_scale_18),
            max_market_size_18=deeper(parameters.max_market_size_18),
            limit=limit,
        )
        return replace(listing, parameters=deep)

    system = replace(listings.system, credit_18=deeper(listings.system.credit_18))
    return replace(listings, markets=tuple(market(listing) for listing in listings.markets), system=system)
