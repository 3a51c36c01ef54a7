"""An answer as an analyst reads it, on a screen or in a report: the columns that say something, and one value."""

from collections.abc import Iterable
from datetime import datetime
from math import isfinite

import pyarrow as pa

_SHARES = ("share", "flush", "move", "fall", "touch_probability", "distance", "rate")


def shown_columns(table: pa.Table, columns: Iterable[str]) -> list[str]:
    """Of these columns those that are not all null; the chain only where the table has one name of a venue on several."""
    shown = [name for name in columns if table[name].null_count < table.num_rows]
    if "chain_id" in shown and not _repeats_a_venue(table):
        shown.remove("chain_id")
    return shown


def _repeats_a_venue(table: pa.Table) -> bool:
    return bool(table.group_by(["chain_id", "venue"]).aggregate([]).num_rows > len(table["venue"].unique()))


def cell(name: str, value: object) -> str:
    """One value as an analyst reads it: USD in full, shares in per cent, times to the second, lists joined."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}" if value.second or value.microsecond else f"{value:%Y-%m-%d %H:%M}"
        case float():
            return _number(name, value)
        case int():
            return str(value) if name == "chain_id" else f"{value:,}"
        case list():
            return ", ".join(str(item) for item in value)
    return str(value)


def _number(name: str, value: float) -> str:
    if not isfinite(value):
        return "–"
    if name.endswith(_SHARES) or name in _SHARES:
        return f"{100 * value:.2f} %"
    if name.endswith("_8h"):
        return f"{100 * value:+.4f} %"
    if "usd" in name and (abs(value) >= 10_000 or abs(value) < 1e-6):
        return f"{value:,.0f}"
    return f"{value:,.6g}" if "usd" in name or abs(value) >= 1000 else f"{value:,.4g}"
