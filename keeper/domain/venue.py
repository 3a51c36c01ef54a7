"""What every venue gives, and nothing more. A venue keeps its own frozen dataclasses, named as in its Solidity;
only the types of this file are common. An "account" is the unit the venue liquidates."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

from keeper.domain.chain import Address, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import NOTHING, Use

AccountKey = NewType("AccountKey", str)
"""Names one account inside one venue: the trader's address, or a position's key."""
AccountRef: TypeAlias = tuple[str, AccountKey]
"""Names one account among all venues: the venue, and the account inside it."""
FeedId = NewType("FeedId", str)
"""Names one number of the market that watch boxes are drawn over, for example "ETH/mark" or "ETH/funding"."""


@dataclass(frozen=True, slots=True)
class Health:
    """The exact margin test at one moment. `equity` and `requirement` are USD with 18 decimals, rounded as the contract rounds.

    `breach` says which of the venue's tests failed; None means healthy. `positions` is the liquidation of positions
    (equity < requirement), `collateral` the venue's earlier test for non-settlement collateral."""

    equity_x18: int
    requirement_x18: int
    breach: "Breach | None"

    @property
    def liquidatable(self) -> bool:
        """True where the venue would let anybody act on the account."""
        return self.breach is not None


class Breach(StrEnum):
    """Which test of the venue failed."""

    POSITIONS = "positions"
    COLLATERAL = "collateral"


@dataclass(frozen=True, slots=True)
class WatchBox:
    """While every feed stays inside its closed interval and `valid_until` is not passed, the account is provably healthy.

    A bound of None is open. Bounds are in the feed's own raw unit."""

    bounds: Mapping[FeedId, tuple[int | None, int | None]]
    valid_until: Timestamp | None = None


class CallPurpose(StrEnum):
    """What one call of a plan is for."""

    CANCEL_ORDERS = "cancel_orders"
    LIQUIDATE = "liquidate"
    CLOSE = "close"
    LIQUIDATE_COLLATERAL = "liquidate_collateral"


@dataclass(frozen=True, slots=True)
class LiquidationCall:
    """One call of a plan, made by the keeper's executor contract. With `may_fail` the rest goes on when it reverts."""

    target: Address
    calldata: bytes
    purpose: CallPurpose
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class LiquidationPlan:
    """Everything that is done for one account in one transaction, and what it should bring.

    The executor contract values itself before and after the calls and reverts when it grew by less than `break_even_x18` plus the
    wanted profit. Amounts ending in x18 are USD with 18 decimals; `size_x18` is base units, signed, + for a long victim;
    `capital_x18` is the margin the executor must have free; `use` is what is no longer there for the plans that come after it."""

    account: AccountKey
    market: str
    breach: Breach
    size_x18: int
    notional_x18: int
    expected_reward_x18: int
    expected_cost_x18: int
    capital_x18: int
    gas_limit: int
    calls: tuple[LiquidationCall, ...]
    break_even_x18: int = 0
    use: Use = NOTHING


@dataclass(frozen=True, slots=True)
class CallRule:
    """A function the executor may call on this venue. Every argument is one word; `words` holds the values each may have, as unsigned
    integers, in ascending order. None means free: an amount, or the account to be liquidated (never the executor itself)."""

    target: Address
    signature: str
    words: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class OwnerCall:
    """A call with its arguments as integers and addresses, for an owner to read before it is made."""

    target: Address
    signature: str
    arguments: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Valuer:
    """The contract that values an executor on this venue: its name, the package whose `abi` folder has its creation code, its
    constructor's arguments as (ABI type, value), and what it answers to which calls if it was made with these."""

    contract: str
    package: str
    arguments: tuple[tuple[str, object], ...]
    answers: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nothing can be done for the account now, and why."""

    reason: SkipReason
    detail: str = ""


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

    `settlement_x18` is realised in the settlement token (USD, 18 decimals, exact); `tokens` are raw amounts of other tokens
    received (+) or paid (-), worth `tokens_value_x18` at the book's prices."""

    settlement_x18: int
    tokens: tuple[tuple[Address, int], ...] = ()
    tokens_value_x18: int = 0


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position of an account, for people and for the lake. `liquidation_price_x18` holds everything else still."""

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
class ChainView:
    """The contract's own answer about one account: what our `Health` must equal."""

    account: AccountKey
    equity_x18: int
    requirement_x18: int


@dataclass(frozen=True, slots=True)
class Term:
    """One line of a margin computation: ours beside the contract's own figure where it has one."""

    name: str
    unit: str
    local: int
    chain: int | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every number of one account's margin computation, in the order it is computed."""

    terms: tuple[Term, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)


class Event:
    """What a venue learns, by a log or by a read: the base of its own flat frozen dataclasses, whose fields are int, str, bool or
    tuple[int, ...]."""

    __slots__ = ()

    @property
    def account(self) -> str | None:
        """The account it is about; None where it concerns all of them, or a market."""
        return None


class Book(Protocol):
    """A venue's whole state, with undo per block. See `keeper.domain.journal.VenueBook`."""

    def open_block(self, number: int, timestamp: Timestamp) -> None:
        """Start block `number`, mined at `timestamp`: changes from here on are remembered under it."""

    def rollback(self, ancestor: int) -> Set[AccountKey]:
        """Undo every block above `ancestor`; return the accounts whose state changed."""

    def finalise(self, number: int) -> None:
        """Forget how to undo blocks up to and including `number`."""

    def account_keys(self) -> Set[AccountKey]:
        """All accounts with anything at stake."""


class Venue(Protocol):
    """One protocol. Pure: everything it must know comes as events; everything it asks is a `Reads`.

    `now` is a block time. A venue answers `health` only for times its book holds market reads of: the head's,
    and the next block's forecast."""

    @property
    def name(self) -> str: ...

    @property
    def event_types(self) -> Sequence[type[Event]]:
        """Every event class, log or read, for bringing events back from the lake. Fields are int, str, bool or tuple[int, ...]."""

    def new_book(self) -> Book:
        """An empty book."""

    def filters(self) -> Sequence[LogFilter]:
        """Which logs to fetch."""

    def snapshot(self) -> Reads[Sequence[Event]]:
        """Start-up: parameters that no event tells. Raises ConfigError where an address is not what the settings say."""

    def decode(self, log: RawLog) -> Event | None:
        """The event a log stands for; None for events without effect. Raises DecodeError when a claimed log is unreadable."""

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        """Change the book; return the accounts that must be looked at again."""

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """Per block, O(markets): what no event tells (TWAPs, oracle values), valid at `now`."""

    def inspect(self, keys: Sequence[AccountKey], book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        """What no event tells about these accounts. Yields nothing for accounts whose events tell all."""

    def resync(self, keys: Sequence[AccountKey], book: Book) -> Reads[Sequence[Event]]:
        """Once after a backfill: what events tell only approximately, asked exactly. Returns corrections, none where all is exact."""

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        """Where rows are made without a `refresh` (a backfill, a repair): names and decimals the book lacks, which never change. Yields
        nothing where it lacks none."""

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        """The current value of every feed boxes are drawn over."""

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        """The exact margin test. Where `inspect` has something to tell about the account, exact once it was applied for `now`."""

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        """The box inside which the account is provably healthy. Only asked for healthy accounts."""

    def liquidation(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """What to do about a breached account, once plans that take `used` are carried out."""

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        """The liquidations in one block's events, in log order."""

    def rules(self, book: Book) -> Sequence[CallRule]:
        """Every call plans of this venue are made of, and the owner needs to move margin. No router, multicall or forwarder: they make
        calls of their caller's choice."""

    def valuer(self, book: Book) -> Valuer:
        """What values the executor on this venue."""

    def listings(self) -> Sequence[LogFilter]:
        """The logs that, after `snapshot`, tell a book all that `rules`, `valuer`, `tokens` and the two below need."""

    def tokens(self, book: Book) -> Sequence[Address]:
        """What the executor may come to hold, the settlement token first."""

    def pay_in(self, book: Book, executor: Address, amount_x18: int) -> Sequence[OwnerCall]:
        """What the owner calls to give the executor margin (USD)."""

    def pay_out(self, book: Book, amount_x18: int) -> Sequence[OwnerCall]:
        """What the executor calls to take margin (USD) into its own wallet."""

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> int:
        """What the executor may still take on: compared with a plan's `capital_x18`. USD, 18 decimals."""

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """How to close what the executor took over and still holds, one market at a time, once plans that take `used` are carried out;
        None when it holds nothing that can be closed."""

    def revert_reason(self, data: bytes) -> str:
        """A named reason for a revert payload of the venue's contracts; the raw hex where it is unknown."""

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        """What the logs of one transaction brought the executor, before gas."""

    # Views: what people and the lake are told, so that nobody else needs to know the protocol's events.

    def positions(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[PositionView]:
        """The account's positions."""

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        """All markets that have a price at `now`."""

    def market_names(self, book: Book) -> Sequence[str]:
        """All markets by name, with a price or without."""

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        """The changes of pools' ranges in one block's events, in log order; none of a venue without such pools. The book may be newer."""

    def pool_states(self, events: Sequence[Event], book: Book) -> Sequence[PoolState]:
        """What the events of the book's block, logs and reads, tell of pools; no market twice."""

    def insurance_fund(self, events: Sequence[Event], book: Book) -> InsuranceFund | None:
        """What the events of the book's block tell of the insurance fund; None where they do not, or there is none."""

    def account_flows(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[AccountFlow]:
        """What came into accounts and left them in one block's events, in log order. The book may be newer."""

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        """The contract's own margin figures, for the tripwire and `explain`."""

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        """Every number of the margin computation beside the contract's own."""
