"""What people and the lake are told."""

from collections.abc import Iterator, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import Address, RawLog, Reads, Timestamp
from keeper.domain.event_abi import topic_of
from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.venue import Event
from keeper.domain.views import Explanation, LiquidationObserved, MarketView, PositionView, RiskFactor, Term
from toy_exchange.events import PositionLiquidated
from toy_exchange.margin import REQUIREMENT_DIVISOR, margin_of
from toy_exchange.options import Options
from toy_exchange.state import MARKET, ToyBook

_DAY_SECONDS = 86_400
_TRANSFER = topic_of("Transfer(address indexed from,address indexed to,uint256 amount)")


def positions(key: AccountKey, book: ToyBook, now: Timestamp) -> Iterator[PositionView]:
    """The account's one position; none without a price."""
    if now not in book.reads:
        return
    position, margin = book.accounts[key], margin_of(key, book, now)
    liquidation_price = margin.owed * REQUIREMENT_DIVISOR * X18 // ((REQUIREMENT_DIVISOR - 1) * position.size)
    yield PositionView(key, MARKET, MARKET, position.size, -margin.owed, book.reads[now], liquidation_price, has_orders=False)


def markets(book: ToyBook, now: Timestamp) -> Iterator[MarketView]:
    """The one market. Every long borrows from the exchange, so there are no shorts, and no funding between the two."""
    price = book.reads.get(now)
    if price is not None:
        size = sum(position.size for position in book.accounts.values())
        yield MarketView(MARKET, MARKET, price, price, price, size, 0, 0, 0.0)


def observed(events: Sequence[tuple[RawLog, Event]]) -> Iterator[LiquidationObserved]:
    """Liquidations anybody made; the exchange bears what a position is short of."""
    for log, event in events:
        if isinstance(event, PositionLiquidated):
            yield LiquidationObserved(
                account=AccountKey(event.trader),
                liquidator=Address(event.liquidator),
                market=MARKET,
                underlying=MARKET,
                breach=Breach.POSITIONS,
                size_x18=event.size,
                notional_x18=event.notional,
                penalty_x18=event.reward,
                reward_x18=event.reward,
                bad_debt_x18=0,
                log=log,
            )


def received(options: Options, logs: Sequence[RawLog], executor: Address) -> int:
    """Dollars that came to the executor less those it gave away, 18 decimals."""
    transfers = [log for log in logs if log.address == options.dollar and log.topics[0] == _TRANSFER]
    change = 0
    for log in transfers:
        sender, receiver = (f"0x{topic[12:].hex()}" for topic in log.topics[1:])
        change += int.from_bytes(log.data, "big") * ((receiver == executor) - (sender == executor))
    return change


def risk_factors(key: AccountKey, book: ToyBook, now: Timestamp) -> Iterator[RiskFactor]:
    """The price, by which the position gains, and the debt, which grows."""
    if now not in book.reads:
        return
    position, margin = book.accounts[key], margin_of(key, book, now)
    interest_per_day = position.debt * book.borrowing.rate * _DAY_SECONDS // position.growth
    yield RiskFactor(f"price of {MARKET}", margin.value - margin.requirement)
    yield RiskFactor("debt", -margin.owed, -interest_per_day)


def explain(options: Options, encoder: Encoder, key: AccountKey, book: ToyBook, now: Timestamp) -> Reads[Explanation]:
    """The margin test, beside the contract's own two figures."""
    equity, requirement = yield [encoder.call(options.exchange, view, key) for view in ("equity(address)", "requirement(address)")]
    margin = margin_of(key, book, now)
    return Explanation(
        (
            Term("value", "USD", margin.value),
            Term("owed", "USD", margin.owed),
            Term("equity", "USD", margin.equity, signed(equity)),
            Term("requirement", "USD", margin.requirement, number(requirement)),
        )
    )
