"""Events that come as answers to questions: what no log tells. `timestamp` is the block time they hold for."""

from dataclasses import dataclass

from keeper.domain.venue import Event
from keeper.venues.perp_v2.trader_event import TraderEvent


@dataclass(frozen=True, slots=True)
class ConfigRead(Event):
    """The snapshot: parameters in the order of `state.Config`'s fields."""

    settlement_token: str
    settlement_decimals: int
    config: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MarketNamed(Event):
    """A market's human name, from its base token's symbol."""

    base_token: str
    name: str


@dataclass(frozen=True, slots=True)
class CollateralDescribed(Event):
    """A collateral's symbol, its decimals and those of its price feed."""

    token: str
    name: str
    decimals: int
    feed_decimals: int


@dataclass(frozen=True, slots=True)
class MarketRead(Event):
    """One market at `timestamp`. TWAPs are square-root prices in Q96: the mark's 15 s and long ones, the premium's and the funding's;
    indexes are X18: the newest, the premium's and the funding's TWAP. 0 where the contract reverts: it cannot tell then.
    `status` is IBaseToken.Status; when not open, `stopped_at` is when funding stopped and `stopped_price_x18` what positions are worth."""

    base_token: str
    timestamp: int
    sqrt_price_x96: int
    tick: int
    liquidity: int
    short_twap_x96: int
    long_twap_x96: int
    premium_twap_x96: int
    funding_twap_x96: int
    index_x18: int
    premium_index_x18: int
    funding_index_x18: int
    status: int
    stopped_at: int
    stopped_price_x18: int


@dataclass(frozen=True, slots=True)
class CollateralRead(Event):
    """One collateral's prices at `timestamp`, in its feed's decimals: the Vault's 15-minute TWAP and the newest; 0 when there is none."""

    token: str
    timestamp: int
    twap: int
    spot: int


@dataclass(frozen=True, slots=True)
class InsuranceFundRead(Event):
    """InsuranceFund.getInsuranceFundCapacity, settlement units."""

    timestamp: int
    capacity_raw: int


@dataclass(frozen=True, slots=True)
class MakerRead(TraderEvent):
    """Pending fee and funding (X18) of an account with orders at `timestamp`."""

    trader: str
    timestamp: int
    pending_fee: int
    pending_funding: int


@dataclass(frozen=True, slots=True)
class PositionGrowthRead(TraderEvent):
    """The exact lastTwPremiumGrowthGlobalX96 of one position."""

    trader: str
    base_token: str
    growth_x96: int


@dataclass(frozen=True, slots=True)
class MarketGrowthRead(Event):
    """A market's exact funding growth at its last settlement."""

    base_token: str
    growth_x96: int


@dataclass(frozen=True, slots=True)
class MarketSettledRead(Event):
    """Until when a market's funding is settled."""

    base_token: str
    settled_at: int
