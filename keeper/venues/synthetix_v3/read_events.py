"""Events that come as answers to questions: what no log tells. `timestamp` is the block time they hold for. 18 decimals."""

from dataclasses import dataclass

from keeper.domain.venue import Event
from keeper.venues.synthetix_v3.account_event import AccountEvent


@dataclass(frozen=True, slots=True)
class NodeRead(Event):
    """Oracle manager: how a price is made; the fields of NodeRegistered."""

    node_id: str
    node_type: int
    parameters: str
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PriceExponentRead(Event):
    """Pyth: a feed's prices are multiples of 10 to the power of `exponent`."""

    price_id: str
    exponent: int


@dataclass(frozen=True, slots=True)
class CollateralDescribed(Event):
    """A collateral's token and its symbol, and the oracle node of the price it is valued at."""

    collateral_id: int
    token: str
    symbol: str
    feed_id: str


@dataclass(frozen=True, slots=True)
class MarketRead(Event):
    """A market's index price at `timestamp`; 0 where the contract reverts: it cannot tell then."""

    market_id: int
    timestamp: int
    price: int


@dataclass(frozen=True, slots=True)
class CollateralRead(Event):
    """A collateral's price and its spot market's skew scale at `timestamp`; the price is 0 where the contract reverts."""

    collateral_id: int
    timestamp: int
    price: int
    skew_scale: int


@dataclass(frozen=True, slots=True)
class MarketQuoted(Event):
    """A market's index price at `timestamp`, once the signed price of this id is on the chain."""

    market_id: int
    timestamp: int
    price: int
    price_id: str


@dataclass(frozen=True, slots=True)
class CollateralQuoted(Event):
    """A collateral's price at `timestamp`, once the signed price of this id is on the chain."""

    collateral_id: int
    timestamp: int
    price: int
    price_id: str


@dataclass(frozen=True, slots=True)
class KeeperCostsRead(Event):
    """A keeper's costs in USD at `timestamp`: of liquidating, and of flagging an account by the number of its price feeds, from 0 up."""

    timestamp: int
    liquidate: int
    flag: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PositionRead(AccountEvent):
    """A position's whole pnl at `timestamp`, USD, where the book cannot tell its funding."""

    account_id: int
    market_id: int
    timestamp: int
    pnl: int
