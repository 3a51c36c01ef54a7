"""What was liquidated: every event, the headline table, and published totals beside it (M0, M15)."""

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import venue_labels
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.ledger import LARGEST, TOTAL
from analytics.sources.keeper import show_ledger

_NO_LEDGER = "this lake has no liquidations: neither a keeper's nor imported ones"
SAMPLED = "sampled: the feed leaves events out, counts and sums are lower bounds; never add them to exact ones"
_SIDES = "sides are the victims', shares are of USD, the peak minute is the one with most USD"


def ledger_view(lake: duckdb.DuckDBPyConnection) -> bool:
    """Create the temporary view `ledger`; False when the lake has no liquidations table at all."""
    return show_ledger(lake)


def liquidations(
    lake: duckdb.DuckDBPyConnection,
    window: Window | None = None,
    underlying: str | None = None,
    venue: str | None = None,
    *,
    chain_id: int | None = None,
) -> pa.Table:
    """Every liquidation of the window in time order, one row per victim fill; sizes in base units, notional in USD."""
    if not ledger_view(lake):
        return annotated(pa.table({}), reason=_NO_LEDGER)
    asked = window or Window()
    parameters = _parameters(asked, underlying) | {"venue": venue, "chain_id": chain_id}
    table = lake.execute(mart("liquidation_events"), parameters).to_arrow_table()
    return annotated(table, reason=_nothing(asked, underlying), notes=_quality_notes(table))


def headline(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per asset: n, USD, long and short, largest, peak minute; one total row per quality and stage, which are never added up."""
    if not ledger_view(lake):
        return annotated(pa.table({}), reason=_NO_LEDGER)
    asked = window or Window()
    table = _labelled(lake, lake.execute(mart("headline"), _parameters(asked, underlying)).to_arrow_table())
    notes = [_SIDES, *_quality_notes(table), f"{TOTAL.name}: {TOTAL.formula}", f"{LARGEST.name}: {LARGEST.formula}"]
    for row in table.to_pylist():
        if row["asset"] == "total":
            notes += _total_notes(row)
    return annotated(table, reason=_nothing(asked, underlying), notes=[f"window: {asked.words}", *notes], window=asked.words)


def published_totals(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Totals that venues published per period (no events behind them), for every period that overlaps the window."""
    asked = window or Window()
    if not has_view(lake, "stg_market_liquidation_totals"):
        return annotated(pa.table({}), reason="this lake has no published totals")
    table = lake.execute(mart("published_totals"), _parameters(asked, underlying)).to_arrow_table()
    notes = ["whole periods as published, not cut to the window; the sides need not add up to the total; a missing market is not zero"]
    return annotated(table, reason=f"no published totals of a period in {asked.words}", notes=notes)


def shares_of(table: pa.Table, column: str) -> tuple[float, ...]:
    """Shares of the positive entries of a column, largest first; empty when there are none."""
    values = np.array([value for value in table[column].to_pylist() if value], np.float64)
    return tuple(float(share) for share in np.sort(values / values.sum())[::-1]) if len(values) else ()


def _labelled(lake: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    """The table with its venues in words."""
    labels = venue_labels(lake)
    venues = [sorted({labels.of_row(venue) for venue in row}) for row in table["venues"].to_pylist()]
    return table.set_column(table.column_names.index("venues"), "venues", pa.array(venues, pa.list_(pa.string())))


def _total_notes(row: dict[str, object]) -> list[str]:
    notes = []
    if row["without_usd_n"]:
        notes.append(f"{row['without_usd_n']} of {row['n']} events are not quoted in a dollar: counted, without USD")
    if row["stage"] == "vault":
        notes.append("stage vault: a venue's liquidator unwinding its inventory, not victims; not in the trader totals")
    return notes


def _quality_notes(table: pa.Table) -> list[str]:
    qualities = set(table["quality"].to_pylist()) if table.num_rows else set()
    return [SAMPLED] if "sampled" in qualities else []


def _parameters(window: Window, underlying: str | None) -> dict[str, object]:
    return {"since": window.lake_since, "until": window.lake_until, "underlying": underlying}


def _nothing(window: Window, underlying: str | None) -> str:
    return f"no liquidations{f' of {underlying}' if underlying else ''} in {window.words}"
