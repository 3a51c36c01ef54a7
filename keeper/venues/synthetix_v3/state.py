"""What the book holds, named as in the Solidity. All frozen: a change is a new object, so that a reorg can be undone.

Amounts, prices, ratios and rates have 18 decimals; ids are decimal text (`SNX_USD` is collateral 0). Mappings are never changed in
place."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.journal import Journal, VenueBook
from keeper.domain.venue import Book
from keeper.venues.synthetix_v3.oracle_node import OracleNode

PARAMETERS = "parameters"
"""The one key of the book's `globals`."""
INTEREST = "interest"
"""The one key of the book's `interest`."""
SNX_USD = "0"
"""PerpsAccount.SNX_USD_MARKET_ID: the collateral that is snxUSD itself."""


@dataclass(frozen=True, slots=True)
class Position:
    """Position.Data: `size` + is long; price, funding and interest are those of its last change (latestInteraction…).

    `guesses` is the market's count at that change: while they are equal the position's funding is exact."""

    size: int
    price: int
    funding: int
    interest: int
    guesses: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """AsyncOrder.Data as far as events tell it: not settled after `expiration_time`."""

    market_id: str
    size_delta: int
    settlement_time: int
    expiration_time: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """A position's whole pnl as the contract told it at `block` for time `timestamp`."""

    block: int
    timestamp: int
    pnl: int


@dataclass(frozen=True, slots=True)
class Account:
    """PerpsAccount.Data. `inspections` are by market, of positions whose funding the book does not know."""

    collateral: Mapping[str, int] = field(default_factory=dict)
    debt: int = 0
    positions: Mapping[str, Position] = field(default_factory=dict)
    order: Order | None = None
    flagged: bool = False
    inspections: Mapping[str, tuple[Inspection, ...]] = field(default_factory=dict)

    @property
    def feeds(self) -> int:
        """KeeperCosts.getFlagKeeperCosts: how many prices must be fresh to flag it."""
        return len(self.positions) + sum(1 for collateral_id in self.collateral if collateral_id != SNX_USD)

    @property
    def at_stake(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.collateral or self.debt or self.positions or self.order or self.flagged)


@dataclass(frozen=True, slots=True)
class MarketConfiguration:
    """PerpsMarketConfiguration.Data and PerpsPrice.Data, as far as liquidations depend on them."""

    feed_id: str = ""
    strict_staleness_tolerance: int = 0
    maker_fee: int = 0
    taker_fee: int = 0
    skew_scale: int = 0
    max_funding_velocity: int = 0
    initial_margin_ratio: int = 0
    minimum_initial_margin_ratio: int = 0
    maintenance_margin_scalar: int = 0
    flag_reward_ratio: int = 0
    minimum_position_margin: int = 0
    locked_oi_ratio: int = 0
    max_liquidation_multiplier: int = 0
    max_liquidation_seconds: int = 0
    max_liquidation_pd: int = 0
    endorsed_liquidator: str = ""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Liquidation.Data: base units liquidated at one block time."""

    timestamp: int
    amount: int


@dataclass(frozen=True, slots=True)
class Market:
    """PerpsMarket.Data. `price` is the one of the last MarketUpdated; `guesses` counts recomputations of the funding whose price the
    book did not know: the value after them is wrong by an amount that is the same for all positions changed since."""

    name: str = ""
    symbol: str = ""
    configuration: MarketConfiguration = MarketConfiguration()
    skew: int = 0
    size: int = 0
    last_funding_rate: int = 0
    last_funding_value: int = 0
    last_funding_time: int = 0
    guesses: int = 0
    price: int = 0
    liquidations: tuple[Liquidation, ...] = ()


@dataclass(frozen=True, slots=True)
class InterestRate:
    """InterestRate.Data: interest per USD of locked open interest since the deployment."""

    accrued: int = 0
    rate: int = 0
    last_timestamp: int = 0


@dataclass(frozen=True, slots=True)
class PythPrice:
    """The newest price stored in Pyth, in the feed's own decimals."""

    price: int
    publish_time: int


@dataclass(frozen=True, slots=True)
class CollateralConfiguration:
    """PerpsCollateralConfiguration.Data; token, symbol and the oracle node of its price are empty until read."""

    max_amount: int = 0
    upper_limit_discount: int = 0
    lower_limit_discount: int = 0
    discount_scalar: int = 0
    token: str = ""
    symbol: str = ""
    feed_id: str = ""


@dataclass(frozen=True, slots=True)
class KeeperRewardGuards:
    """GlobalPerpsMarketConfiguration.Data's limits of a keeper's reward, USD."""

    min_keeper_reward: int = 0
    min_keeper_profit_ratio: int = 0
    max_keeper_reward: int = 0
    max_keeper_scaling_ratio: int = 0
    collateral_liquidate_reward_ratio: int = 0


@dataclass(frozen=True, slots=True)
class InterestRateParameters:
    """GlobalPerpsMarketConfiguration.Data's gradients."""

    low_gradient: int = 0
    breakpoint: int = 0
    high_gradient: int = 0


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that concerns all accounts at once. `max_feeds` is the most price feeds any account ever had; the exponents are of Pyth
    feeds by price id."""

    guards: KeeperRewardGuards = KeeperRewardGuards()
    interest: InterestRateParameters = InterestRateParameters()
    keeper_cost_node: str = ""
    collaterals: Mapping[str, CollateralConfiguration] = field(default_factory=dict)
    nodes: Mapping[str, OracleNode] = field(default_factory=dict)
    exponents: Mapping[str, int] = field(default_factory=dict)
    allow_all: bool = False
    deny_all: bool = False
    max_feeds: int = 0

    @property
    def is_open(self) -> bool:
        """FeatureFlag: whether anybody may use the feature perpsSystem."""
        return self.allow_all and not self.deny_all


@dataclass(frozen=True, slots=True)
class MarketReads:
    """One market at one time; `next_funding` is PerpsMarket.calculateNextFunding at the price. `price_id` is that of a signed price which
    is not on the chain yet."""

    price: int
    next_funding: int
    price_id: str = ""


@dataclass(frozen=True, slots=True)
class CollateralReads:
    """One synth at one time: its spot market's price, 0 where it cannot tell, and skew scale. `price_id` is that of a signed price which
    is not on the chain yet."""

    price: int
    skew_scale: int
    price_id: str = ""


@dataclass(frozen=True, slots=True)
class KeeperCosts:
    """What a keeper's transactions cost in USD; flagging by the number of price feeds."""

    liquidate: int
    flag: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChainReads:
    """All reads of `block` for one time. What the contract could not tell is absent."""

    block: int
    next_interest: int = 0
    markets: Mapping[str, MarketReads] = field(default_factory=dict)
    collaterals: Mapping[str, CollateralReads] = field(default_factory=dict)
    costs: KeeperCosts | None = None


class SynthetixBook(VenueBook[Account, Market, Parameters, ChainReads]):
    """Accounts and markets by id, the parameters, reads by the time they hold for; interest and Pyth's prices change all the time and
    make nobody due by themselves: boxes are drawn over what follows from them."""

    def __init__(self) -> None:
        super().__init__()
        self.interest: Journal[str, InterestRate] = Journal()
        self.prices: Journal[str, PythPrice] = Journal()

    def open_block(self, number: int, timestamp: Timestamp) -> None:
        """Start block `number` in every journal."""
        super().open_block(number, timestamp)
        self.interest.open_block(number)
        self.prices.open_block(number)

    def rollback(self, ancestor: int) -> Set[AccountKey]:
        """Undo every block above `ancestor`; return accounts to look at again."""
        self.interest.rollback(ancestor)
        self.prices.rollback(ancestor)
        return super().rollback(ancestor)

    def finalise(self, number: int) -> None:
        """Forget the undo layers up to `number`."""
        super().finalise(number)
        self.interest.finalise(number)
        self.prices.finalise(number)


def synthetix_book(book: Book) -> SynthetixBook:
    """A book as this venue's own. Raises TypeError for another venue's."""
    if not isinstance(book, SynthetixBook):
        raise TypeError(f"{type(book).__name__} is not a book of Synthetix Perps V3")
    return book


def parameters(book: SynthetixBook) -> Parameters:
    """The book's parameters: all zero, as in the contract, where nothing set them."""
    return book.globals.get(PARAMETERS, _UNSET)


def interest_rate(book: SynthetixBook) -> InterestRate:
    """The interest as last updated."""
    return book.interest.get(INTEREST, _NO_INTEREST)


def reads_at(book: SynthetixBook, now: Timestamp) -> ChainReads:
    """The reads for `now`. Raises KeyError where `refresh` was not applied for that time."""
    return book.reads[now]


_UNSET = Parameters()
_NO_INTEREST = InterestRate()
