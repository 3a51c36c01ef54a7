"""A venue small enough to reason about: isolated longs, one price, health linear in it. Unlike perp_v2 on purpose: no cross margin."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.capabilities import Actor, Capabilities
from keeper.domain.chain import Address, BlockRef, Call, Hash32, LogFilter, RawLog, Reads, Timestamp
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView, Verdict
from keeper.domain.fixed import X18
from keeper.domain.health import Breach, FeedId, Health, WatchBox
from keeper.domain.journal import VenueBook
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.opening import NoOpening
from keeper.domain.permission import CallRule, OwnerCall, Valuer
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan, NoPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import Use
from keeper.domain.venue import Book, Event
from keeper.domain.views import (
    AccountFlow,
    Explanation,
    FlowKind,
    InsuranceFund,
    LiquidationObserved,
    MarketView,
    PoolRange,
    PoolState,
    PositionView,
    Proceeds,
    RiskFactor,
)
from keeper.errors import DecodeError

EXCHANGE = Address("0x" + "ee" * 20)
PRICE = FeedId("TOY/price")


class TraderEvent(Event):
    """Of one trader."""

    __slots__ = ()
    trader: str

    @property
    def account(self) -> str:
        return self.trader


@dataclass(frozen=True, slots=True)
class Opened(TraderEvent):
    """`trader` holds `size` base bought with `debt` borrowed USD; both whole numbers."""

    trader: str
    size: int
    debt: int


@dataclass(frozen=True, slots=True)
class Liquidated(TraderEvent):
    """`liquidator` closed all of `trader`."""

    trader: str
    liquidator: str


@dataclass(frozen=True, slots=True)
class PriceRead(Event):
    """The price at a time."""

    timestamp: int
    price: int


class ToyBook(VenueBook[Opened, int, int, int]):
    """Positions by trader, the price by the time it holds for."""


def toy_book(book: Book) -> ToyBook:
    """A book of the toy venue as such."""
    assert isinstance(book, ToyBook)
    return book


def log_of(event: Opened | Liquidated, block: BlockRef, index: int) -> RawLog:
    """The event as the toy exchange would log it."""
    kind = b"o" if isinstance(event, Opened) else b"l"
    text = f"{event.trader},{event.size},{event.debt}" if isinstance(event, Opened) else f"{event.trader},{event.liquidator}"
    return RawLog(EXCHANGE, (kind,), text.encode(), block.number, block.hash, Hash32(f"0x{block.number:032x}{index:032x}"), index)


class ToyVenue:
    """Requirement is a tenth of the position's value; the whole position is liquidated for a reward of a hundredth."""

    name = "toy"
    capabilities = Capabilities(actor=Actor.ANYBODY, needs_capital=True, pull_oracle=False)
    event_types: Sequence[type[Event]] = (Opened, Liquidated, PriceRead)

    def __init__(self, prices: Mapping[int, int], chain_offset: int = 0) -> None:
        self._prices = prices
        self._chain_offset = chain_offset

    def new_book(self) -> ToyBook:
        return ToyBook()

    def filters(self) -> Sequence[LogFilter]:
        return (LogFilter((EXCHANGE,)),)

    def snapshot(self) -> Reads[Sequence[Event]]:
        yield ()
        return ()

    def resync(self, keys: Sequence[AccountKey], book: Book) -> Reads[Sequence[Event]]:
        yield ()
        return ()

    def describe(self, book: Book) -> Reads[Sequence[Event]]:
        yield ()
        return ()

    def decode(self, log: RawLog) -> Event | None:
        parts = log.data.decode().split(",")
        match log.topics[0], parts:
            case b"o", [trader, size, debt]:
                return Opened(trader, int(size), int(debt))
            case b"l", [trader, liquidator]:
                return Liquidated(trader, liquidator)
        raise DecodeError(f"toy log {log.data!r}")

    def apply(self, event: Event, book: Book) -> Set[AccountKey]:
        match event:
            case Opened():
                toy_book(book).accounts[AccountKey(event.trader)] = event
                return {AccountKey(event.trader)}
            case Liquidated():
                del toy_book(book).accounts[AccountKey(event.trader)]
                return {AccountKey(event.trader)}
            case PriceRead():
                toy_book(book).reads[Timestamp(event.timestamp)] = event.price
        return frozenset()

    def refresh(self, book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        yield (Call(EXCHANGE, b"price"),)
        return (PriceRead(now, self._prices[now]),)

    def inspect(self, keys: Sequence[AccountKey], book: Book, now: Timestamp) -> Reads[Sequence[Event]]:
        yield ()
        return ()

    def feeds(self, book: Book, now: Timestamp) -> Mapping[FeedId, int]:
        return {PRICE: toy_book(book).reads[now]}

    def health(self, key: AccountKey, book: Book, now: Timestamp) -> Health:
        account, price = toy_book(book).accounts[key], toy_book(book).reads[now]
        value = account.size * price
        breached = 10 * (value - account.debt) < value
        return Health(Usd18((value - account.debt) * X18), Usd18(value * X18 // 10), Breach.POSITIONS if breached else None)

    def watch_box(self, key: AccountKey, book: Book, now: Timestamp) -> WatchBox:
        account = toy_book(book).accounts[key]
        return WatchBox({PRICE: (-(-10 * account.debt // (9 * account.size)), None)})

    def opening(self, market: str, size_x18: int, margin_x18: int, book: Book, now: Timestamp) -> Reads[Sequence[Event] | NoOpening]:
        """At the price, without a fee, for a fifth of the value at least."""
        yield (Call(EXCHANGE, b"opening"),)
        size, value = size_x18 // X18, size_x18 * toy_book(book).reads[now]
        if size < 0:
            return NoOpening("TOY has no shorts")
        if 5 * margin_x18 < value:
            return NoOpening("a fifth is asked for", value // 5)
        return [Opened("newcomer", size, (value - margin_x18) // X18)]

    def quotes(self, book: Book) -> Sequence[PriceId]:
        return ()

    def quoted(self, quotes: Sequence[Quote], book: Book, at: Timestamp) -> Sequence[Event]:
        return ()

    def push(self, quotes: Sequence[Quote], book: Book) -> Sequence[LiquidationCall]:
        return [
            LiquidationCall(EXCHANGE, quote.payload, CallPurpose.UPDATE_PRICES, value_wei=quote.fee_raw, not_before=quote.publish_time)
            for quote in quotes
        ]

    def required_quotes(self, data: bytes) -> Sequence[PriceId]:
        return [PriceId(data.removeprefix(b"stale ").decode())] if data.startswith(b"stale ") else []

    def plan(self, key: AccountKey, book: Book, now: Timestamp, executor: Address, used: Use) -> LiquidationPlan | NoPlan:
        """The whole position, for a hundredth of its value less a USD for every base unit that others have sold before."""
        value = toy_book(book).accounts[key].size * toy_book(book).reads[now] * X18
        call = LiquidationCall(EXCHANGE, key.encode(), CallPurpose.LIQUIDATE)
        return LiquidationPlan(
            account=key, market="TOY", breach=Breach.POSITIONS, size_x18=toy_book(book).accounts[key].size * X18, notional=Usd18(value),
            expected_reward=Usd18(value // 100), expected_cost=Usd18(used.base("TOY")), capital=ZERO_USD, gas_limit=100_000, calls=(call,),
            use=Use({"TOY": toy_book(book).accounts[key].size * X18}),
        )  # fmt: skip

    def rules(self, book: Book) -> Sequence[CallRule]:
        return (CallRule(EXCHANGE, "liquidate(bytes32)", ((),)),)

    def valuer(self, book: Book) -> Valuer:
        return Valuer("ToyValuer", "tests.keeper.engine", (), ())

    def listings(self) -> Sequence[LogFilter]:
        return self.filters()

    def tokens(self, book: Book) -> Sequence[Address]:
        return ()

    def pay_in(self, book: Book, executor: Address, amount: Usd18) -> Sequence[OwnerCall]:
        return ()

    def pay_out(self, book: Book, amount: Usd18) -> Sequence[OwnerCall]:
        return ()

    def free_capital(self, executor: Address, book: Book, now: Timestamp) -> Usd18:
        return Usd18.of_units(10**6)

    def unwind(self, executor: Address, book: Book, now: Timestamp, used: Use) -> LiquidationPlan | None:
        return None

    def observed(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[LiquidationObserved]:
        return [
            LiquidationObserved(
                AccountKey(event.trader), Address(event.liquidator), "TOY", "TOY", Breach.POSITIONS, X18, 100 * X18, 2 * X18, X18, 0, log
            )
            for log, event in events
            if isinstance(event, Liquidated)
        ]

    def revert_reason(self, data: bytes) -> str:
        return data.decode()

    def proceeds(self, logs: Sequence[RawLog], executor: Address, book: Book) -> Proceeds:
        return Proceeds(Usd18.of_units(len(logs)))

    def positions(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[PositionView]:
        account = toy_book(book).accounts[key]
        price = toy_book(book).reads[now]
        liquidation_price_x18 = 10 * account.debt * X18 // (9 * account.size)
        return [PositionView(key, "TOY", "TOY", account.size * X18, -account.debt * X18, price * X18, liquidation_price_x18, False)]

    def markets(self, book: Book, now: Timestamp) -> Sequence[MarketView]:
        price = toy_book(book).reads[now] * X18
        return [MarketView("TOY", "TOY", price, price, price, 0, 0, 0, 0.0)]

    def market_names(self, book: Book) -> Sequence[str]:
        return ["TOY"]

    def pool_ranges(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[PoolRange]:
        """Who opens lends as much to a pool."""
        return [PoolRange("TOY", 50.0, 150.0, event.size, 0, log) for log, event in events if isinstance(event, Opened)]

    def pool_states(self, events: Sequence[Event], book: Book) -> Sequence[PoolState]:
        return [PoolState("TOY", float(price), X18, 18) for price in self._prices_at(events, book)]

    def insurance_fund(self, events: Sequence[Event], book: Book) -> InsuranceFund | None:
        """It has a USD for every ten of the price."""
        return next((InsuranceFund(price // 10 * 10**6, 6) for price in self._prices_at(events, book)), None)

    def account_flows(self, events: Sequence[tuple[RawLog, Event]], book: Book) -> Sequence[AccountFlow]:
        """The base that was bought."""
        opened = [(log, event) for log, event in events if isinstance(event, Opened)]
        return [AccountFlow(AccountKey(event.trader), FlowKind.DEPOSIT, "TOY", event.size, 0, log) for log, event in opened]

    def _prices_at(self, events: Sequence[Event], book: Book) -> list[int]:
        return [event.price for event in events if isinstance(event, PriceRead) and event.timestamp == toy_book(book).moment.timestamp]

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        results = yield tuple(Call(EXCHANGE, key.encode()) for key in keys)
        return [
            ChainMargins(
                key, Usd18(int.from_bytes(result.data[:32], signed=True) + self._chain_offset), Usd18(int.from_bytes(result.data[32:]))
            )
            for key, result in zip(keys, results, strict=True)
        ]

    def risk_factors(self, key: AccountKey, book: Book, now: Timestamp) -> Sequence[RiskFactor]:
        health = self.health(key, book, now)
        return [RiskFactor("price of TOY", (health.equity - health.requirement).raw)]

    def explain(self, key: AccountKey, book: Book, now: Timestamp) -> Reads[Explanation]:
        yield ()
        return Explanation(())


class JudgedToy(ToyVenue):
    """Its contract tells no margins: it answers with a verdict and the reason, "healthy: enough margin" for one."""

    def chain_views(self, keys: Sequence[AccountKey]) -> Reads[Sequence[ChainView]]:
        results = yield tuple(Call(EXCHANGE, key.encode()) for key in keys)
        words = [result.data.decode().split(": ", 1) for result in results]
        return [ChainVerdict(key, Verdict(verdict), reason) for key, (verdict, reason) in zip(keys, words, strict=True)]
