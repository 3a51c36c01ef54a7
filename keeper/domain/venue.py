"""What every venue gives, and nothing more, in four parts: what it knows (State), who is in danger (Risk), what to do about it (Action),
and what people and the lake are told (Views). A venue keeps its own frozen dataclasses, named as in its Solidity; only the types of
`keeper.domain` are common."""

from collections.abc import Mapping, Sequence, Set
from typing import Protocol

from keeper.domain.account import AccountKey
from keeper.domain.capabilities import Capabilities
from keeper.domain.chain import Address, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.chain_view import ChainView
from keeper.domain.health import FeedId, Health, WatchBox
from keeper.domain.money import Usd18
from keeper.domain.opening import NoOpening
from keeper.domain.permission import CallRule, OwnerCall, Valuer
from keeper.domain.plan import LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import Use
from keeper.domain.views import (
    AccountFlow,
    Explanation,
    InsuranceFund,
    LiquidationObserved,
    MarketView,
    PoolRange,
    PoolState,
    PositionView,
    Proceeds,
    RiskFactor,
)


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


class State(Protocol):
    """What the venue knows, and how it learns it: from logs, and by reads where no log tells."""

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

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        """What these signed prices mean for the book at `at`, once a plan has put them on the chain; none for prices it has already."""

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        """Where rows are made without a `refresh` (a backfill, a repair): names and decimals the book lacks, which never change. Yields
        nothing where it lacks none."""


class Risk(Protocol):
    """Who may be liquidated."""

    def quotes(self, book: Book) -> Sequence[PriceId]:
        """The signed prices the venue wants to know of between blocks; none where all its prices are on the chain."""

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        """The current value of every feed boxes are drawn over."""

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        """The exact margin test. Where `inspect` has something to tell about the account, exact once it was applied for `now`."""

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        """The box inside which the account is provably healthy. Only asked for healthy accounts."""

    def opening(self, market: str, size_x18: int, margin_x18: int, book: Book, now: Timestamp) -> Reads[Sequence[Event] | NoOpening]:
        """What the logs would tell if a new account deposited `margin_x18` (USD) in the settlement token and opened a position of
        `size_x18` (base, + long, not 0) in a market of `market_names`, at the fill the protocol would give at `now`."""


class Action(Protocol):
    """What is done about it, with what, and what came of it."""

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """What to do about a breached account, once plans that take `used` are carried out."""

    def push(self, quotes: Sequence[Quote], book: Book) -> Sequence[LiquidationCall]:
        """What puts signed prices on the chain, with their fees."""

    def required_quotes(self, data: bytes) -> Sequence[PriceId]:
        """The prices without which the venue's contracts reverted with this payload; none where that was not the reason."""

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        """How to close what the executor took over and still holds, one market at a time, once plans that take `used` are carried out;
        None when it holds nothing that can be closed."""

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        """What the executor may still take on: compared with a plan's `capital`."""

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        """The liquidations in one block's events, in log order."""

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        """What the logs of one transaction brought the executor, before gas."""

    def revert_reason(self, data: bytes) -> str:
        """A named reason for a revert payload of the venue's contracts; the raw hex where it is unknown."""

    def rules(self, book: Book) -> Sequence[CallRule]:
        """Every call plans of this venue are made of, and the owner needs to move margin. No router, multicall or forwarder: they make
        calls of their caller's choice."""

    def valuer(self, book: Book) -> Valuer:
        """What values the executor on this venue."""

    def listings(self) -> Sequence[LogFilter]:
        """The logs that, after `snapshot`, tell a book all that `rules`, `valuer`, `tokens` and the two below need."""

    def tokens(self, book: Book) -> Sequence[Address]:
        """What the executor may come to hold, the settlement token first."""

    def pay_in(self, book: Book, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
        """What the owner calls to give the executor margin; nothing where plans need none."""

    def pay_out(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        """What the executor calls to take margin into its own wallet; nothing where it can have none."""


class Views(Protocol):
    """What people and the lake are told, so that nobody else needs to know the protocol's events."""

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
        """What the contract itself says of each account, for the tripwire and `explain`. None is left out: where
        it cannot tell, that is a verdict too. A call that is only tried out must not change what others of its batch see."""

    def risk_factors(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[RiskFactor]:
        """What the account's equity less its requirement is the sum of, but for the protocol's last rounding; none while a price is
        missing."""

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        """Every number of the margin computation beside the contract's own."""


class Venue(State, Risk, Action, Views, Protocol):
    """One protocol. Pure: everything it must know comes as events; everything it asks is a `Reads`.

    `now` is a block time. A venue answers `health` only for times its book holds market reads of: the head's,
    and the next block's forecast."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities:
        """What it takes to act on it."""
