"""keeper quote: where a position would be liquidated, before it exists."""

import asyncio
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

from rich.console import Console
from rich.table import Table

from keeper import assembly, daemon
from keeper.commands import session
from keeper.commands.session import Book
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18, to_units
from keeper.domain.opening import NoOpening
from keeper.domain.views import RiskFactor
from keeper.engine.opening_quote import OpeningQuote, quote_opening
from keeper.errors import ConfigError
from keeper.service import log


class Side(StrEnum):
    """Which way a position goes."""

    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked about: `size_x18` base (+ long) of a market with `leverage_x18` times as much as the margin."""

    market: str
    size_x18: int
    leverage_x18: int

    @classmethod
    def of(cls, market: str, side: Side, size: str, leverage: str) -> "Order":
        """From the command line. Raises ConfigError naming the option."""
        size_x18 = _positive("size", size)
        return cls(market, size_x18 if side is Side.LONG else -size_x18, _positive("leverage", leverage))

    def notional_x18(self, price_x18: int) -> int:
        """At a price; USD >= 0."""
        return abs(self.size_x18) * price_x18 // X18

    def margin_x18(self, price_x18: int) -> int:
        """The margin that makes the leverage at a price; USD."""
        return self.notional_x18(price_x18) * X18 // self.leverage_x18


def quote(path: Path, venue: str, order: Order, number: int | None, as_json: bool) -> int:
    """Print where the position would be liquidated and what moves that price."""
    return asyncio.run(_quote(path, venue, order, number, as_json))


async def _quote(path: Path, venue: str, order: Order, number: int | None, as_json: bool) -> int:
    async with session.book_at(session.settings(path), venue, number) as book:
        await book.evaluator.evaluate(book.block, frozenset())
        now, mark_x18 = book.block.timestamp, _mark_price(book, order.market, book.block.timestamp)
        if mark_x18 is None and number is None:
            now = await _take_signed_prices(book)
            mark_x18 = _mark_price(book, order.market, now)
        if mark_x18 is None:
            raise ConfigError(f"--market {order.market}: there is no price at block {book.block.number}.")
        margin_x18 = order.margin_x18(mark_x18)
        answer = await quote_opening(book.evaluator, book.chain, book.block, now, order.market, order.size_x18, margin_x18)
    if isinstance(answer, NoOpening):
        raise ConfigError(_refusal(answer, order, mark_x18))
    if as_json:
        Console().print_json(json.dumps(_plain(book, now, order, answer)))
    else:
        _print(book, now, order, answer)
    return daemon.OK


def _mark_price(book: Book, market: str, now: Timestamp) -> int | None:
    """None while the market has no price. Raises ConfigError for a market the venue does not have."""
    venue, state = book.venue, book.evaluator.book
    names = venue.market_names(state)
    if market not in names:
        raise ConfigError(f"--market {market}: {book.name} has no such market. It has {', '.join(sorted(names))}.")
    return next((view.mark_price_x18 for view in venue.markets(state, now) if view.market == market), None)


async def _take_signed_prices(book: Book) -> Timestamp:
    """Evaluate the book as if the newest signed prices were on the chain; returns the time that holds for. The block's own where the venue
    pulls no prices. Raises PriceUnavailable."""
    block, venue = book.block, book.venue
    async with assembly.open_price_service(book.scope, book.name, log.logger()) as service:
        quotes = await service.latest(venue.quotes(book.evaluator.book)) if service is not None else ()
    for quote in quotes:
        book.quotes.put(quote)
    now = max((block.timestamp, *(quote.publish_time for quote in quotes)))
    await book.evaluator.evaluate(block, frozenset(), now)
    return now


def _refusal(answer: NoOpening, order: Order, mark_x18: int) -> str:
    if answer.required_x18 is None:
        return f"{answer.reason}."
    margin, requirement = to_units(order.margin_x18(mark_x18)), to_units(answer.required_x18)
    highest = order.notional_x18(mark_x18) * 1_000 // answer.required_x18 / 1_000
    return (
        f"--leverage {to_units(order.leverage_x18):g}: {answer.reason}: {requirement:,.2f} against {margin:,.2f} USD. "
        f"A leverage of at most {highest:,.3f} opens."
    )


def _print(book: Book, now: Timestamp, order: Order, answer: OpeningQuote) -> None:
    console, position, health = Console(highlight=False), answer.position, answer.health
    margin, equity, requirement = to_units(answer.margin_x18), health.equity.units, health.requirement.units
    console.print(
        f"{book.name} at block {book.block.number}{_by_signed_prices(book, now)}: {to_units(order.size_x18):+,g} {order.market} "
        f"at a leverage of {to_units(order.leverage_x18):g}, with {margin:,.2f} USD of margin"
    )
    console.print(f"mark {_price(position.mark_price_x18)}, entry {_price(answer.entry_price_x18)}")
    console.print(f"equity {equity:,.2f} USD ({equity - margin:+,.2f} by opening), requirement {requirement:,.2f} USD")
    price = position.liquidation_price_x18
    where = (
        "no price of this market liquidates it"
        if price is None
        else f"liquidation at {_price(price)}, {_distance(answer):+.2%} from the mark"
    )
    console.print(where, style="bold")
    console.print(_factors(answer))


def _by_signed_prices(book: Book, now: Timestamp) -> str:
    seconds = now - book.block.timestamp
    return f" with signed prices {seconds} s newer, which are not on the chain yet" if seconds else ""


def _price(price_x18: int) -> str:
    """Eight digits, whether it is of BTC or of a thousandth of a dollar."""
    return f"{to_units(price_x18):,.8g}"


def _factors(answer: OpeningQuote) -> Table:
    table = Table(title="what moves it", title_justify="left")
    for header in ("", "USD above the requirement", "USD a day", "liquidation price a day"):
        table.add_column(header, justify="right" if header else "left", overflow="fold")
    for factor in answer.risk_factors:
        table.add_row(factor.name, f"{to_units(factor.value_x18):+,.4f}", *_daily(answer, factor))
    return table


def _daily(answer: OpeningQuote, factor: RiskFactor) -> tuple[str, str]:
    """USD, and what they do to the liquidation price; empty where a day alone changes nothing."""
    if factor.per_day_x18 == 0:
        return "", ""
    drift = _drift(answer, factor.per_day_x18)
    return f"{to_units(factor.per_day_x18):+,.4f}", "" if drift is None else f"{drift:+,.4g}"


def _distance(answer: OpeningQuote) -> float | None:
    """Of the liquidation price from the mark, relative to it."""
    price = answer.position.liquidation_price_x18
    return None if price is None else price / answer.position.mark_price_x18 - 1


def _drift(answer: OpeningQuote, equity_x18: int) -> float | None:
    """What so much more equity does to the liquidation price, in USD, by the mean slope between it and the mark."""
    price, slack = answer.position.liquidation_price_x18, (answer.health.equity - answer.health.requirement).units
    if price is None or slack == 0:
        return None
    if equity_x18 == 0:
        return 0.0
    return to_units(equity_x18) * to_units(price - answer.position.mark_price_x18) / slack


def _plain(book: Book, now: Timestamp, order: Order, answer: OpeningQuote) -> dict[str, object]:
    position, health = answer.position, answer.health
    price = position.liquidation_price_x18
    return {
        "venue": book.name,
        "block": book.block.number,
        "timestamp": now,
        "signed_prices": now > book.block.timestamp,
        "market": order.market,
        "size_raw": str(order.size_x18),
        "leverage_raw": str(order.leverage_x18),
        "margin_raw": str(answer.margin_x18),
        "mark_price_raw": str(position.mark_price_x18),
        "entry_price_raw": str(answer.entry_price_x18),
        "equity_raw": str(health.equity.raw),
        "requirement_raw": str(health.requirement.raw),
        "breach": health.breach.value if health.breach else None,
        "liquidation_price_raw": None if price is None else str(price),
        "distance": _distance(answer),
        "risk_factors": [
            {
                "name": factor.name,
                "value_raw": str(factor.value_x18),
                "per_day_raw": str(factor.per_day_x18),
                "liquidation_price_per_day": _drift(answer, factor.per_day_x18),
            }
            for factor in answer.risk_factors
        ],
    }


def _positive(option: str, text: str) -> int:
    """A decimal number above 0, in 18 decimals."""
    try:
        value = int(Decimal(text) * X18)
    except (InvalidOperation, ValueError, OverflowError):
        value = 0
    if value <= 0:
        raise ConfigError(f"--{option} {text}: give a number above 0, for example 2.5.")
    return value
