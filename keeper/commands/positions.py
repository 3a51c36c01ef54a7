"""keeper positions: who is nearest to liquidation."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from keeper import daemon
from keeper.commands import session
from keeper.commands.session import Book
from keeper.domain.account import AccountKey
from keeper.domain.fixed import to_units
from keeper.domain.health import Health
from keeper.domain.views import PositionView


@dataclass(frozen=True, slots=True)
class Row:
    """One account with its positions. `distance` is the smallest relative move of one market's mark price, everything else
    standing still, that makes it liquidatable; 0 for accounts that are, None where no single market can."""

    account: AccountKey
    health: Health
    positions: tuple[PositionView, ...]
    distance: float | None


def positions(path: Path, venue: str | None, at_risk: int | None, number: int | None, as_json: bool) -> int:
    """Print the accounts, nearest first."""
    return asyncio.run(_positions(path, venue, at_risk, number, as_json))


async def _positions(path: Path, venue: str | None, at_risk: int | None, number: int | None, as_json: bool) -> int:
    loaded = session.settings(path)
    async with session.book_at(loaded, session.chosen_venue(loaded, venue), number) as book:
        rows = await _rows(book)
    selection = [row for row in rows if row.positions][:at_risk]
    if as_json:
        Console().print_json(json.dumps({"block": book.block.number, "accounts": [_plain(row) for row in selection]}))
        return daemon.OK
    # Whole lines, not a table: in a narrow terminal a table would cut the accounts, and `keeper explain` needs them whole.
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{book.name} at block {book.block.number}: {len(selection)} of {len(rows)} accounts, nearest first")
    for row in selection:
        style = "bold red" if row.health.liquidatable else "bold"
        console.print(f"{row.account}  {_distance(row)}", style=style)
        equity, requirement = row.health.equity.units, row.health.requirement.units
        console.print(f"    equity {equity:,.2f} USD, requirement {requirement:,.2f} USD")
        for view in row.positions:
            console.print(f"    {_position(view)}")
    return daemon.OK


async def _rows(book: Book) -> list[Row]:
    now = book.block.timestamp
    evaluated = await book.evaluator.evaluate(book.block)
    rows = []
    for item in evaluated:
        views = tuple(book.venue.positions(item.account, book.evaluator.book, now))
        rows.append(Row(item.account, item.health, views, 0.0 if item.health.liquidatable else _nearest(views)))
    return sorted(rows, key=lambda row: (row.distance is None, row.distance or 0.0))


def _nearest(views: tuple[PositionView, ...]) -> float | None:
    moves = [
        abs(view.liquidation_price_x18 / view.mark_price_x18 - 1)
        for view in views
        if view.liquidation_price_x18 is not None and view.mark_price_x18
    ]
    return min(moves, default=None)


def _distance(row: Row) -> str:
    if row.health.breach is not None:
        return f"liquidatable ({row.health.breach.value})"
    return "no single market reaches it" if row.distance is None else f"{row.distance:.2%} away"


def _position(view: PositionView) -> str:
    at = "" if view.liquidation_price_x18 is None else f", liquidation at {to_units(view.liquidation_price_x18):,.2f}"
    orders = ", has orders" if view.has_orders else ""
    return f"{to_units(view.size_x18):+,.4f} {view.market} at mark {to_units(view.mark_price_x18):,.2f}{at}{orders}"


def _plain(row: Row) -> dict[str, object]:
    return {
        "account": row.account,
        "equity_raw": str(row.health.equity.raw),
        "requirement_raw": str(row.health.requirement.raw),
        "breach": row.health.breach.value if row.health.breach else None,
        "distance": row.distance,
        "positions": [
            {
                "market": view.market,
                "size_raw": str(view.size_x18),
                "open_notional_raw": str(view.open_notional_x18),
                "mark_price_raw": str(view.mark_price_x18),
                "liquidation_price_raw": None if view.liquidation_price_x18 is None else str(view.liquidation_price_x18),
                "has_orders": view.has_orders,
            }
            for view in row.positions
        ],
    }
