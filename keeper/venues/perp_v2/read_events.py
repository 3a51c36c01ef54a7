"""Events that come as answers to questions: what no log tells. `timestamp` is the block time they hold for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigRead:
    """The snapshot: parameters in the order of `state.Config`'s fields."""

    settlement_token: str
    settlement_decimals: int
    config: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MarketNamed:
    """A market's human name, from its base token's symbol."""

    base_token: str
    name: str


@dataclass(frozen=True, slots=True)
class CollateralDescribed:
    """A collateral's symbol, its decimals and those of its price feed."""

    token: str
    name: str
    decimals: int
    feed_decimals: int


@dataclass(frozen=True, slots=True)
class MarketRead:
    """One market at `timestamp`. `ticks` are the pool's mean ticks over the mark's 15 s, the mark's long TWAP, the premium's TWAP
    and the funding's; a TWAP shorter than 10 s is not a tick but the spot and stands as the tick 2**24. `indexes` are index prices (X18):
    newest, premium TWAP, funding TWAP. Both are empty where the contract reverts: it cannot tell a price then.
    `halted` is empty while the market is open, else (status, stopped at, price it is valued at)."""

    base_token: str
    timestamp: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    ticks: tuple[int, ...]
    indexes: tuple[int, ...]
    halted: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CollateralRead:
    """One collateral's prices at `timestamp`, in its feed's decimals; empty when the feed gave none."""

    token: str
    timestamp: int
    prices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InsuranceFundRead:
    """InsuranceFund.getInsuranceFundCapacity, settlement units."""

    timestamp: int
    capacity_raw: int


@dataclass(frozen=True, slots=True)
class MakerRead:
    """Pending fee and funding (X18) of an account with orders at `timestamp`."""

    trader: str
    timestamp: int
    pending_fee: int
    pending_funding: int


@dataclass(frozen=True, slots=True)
class PositionGrowthRead:
    """The exact lastTwPremiumGrowthGlobalX96 of one position."""

    trader: str
    base_token: str
    growth_x96: int


@dataclass(frozen=True, slots=True)
class MarketGrowthRead:
    """A market's exact funding growth at its last settlement."""

    base_token: str
    growth_x96: int
