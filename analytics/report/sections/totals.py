"""The headline table: what was liquidated, per asset, and published totals beside it."""

import pyarrow as pa

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.ledger import published_totals, shares_of
from analytics.models.concentration import concentration
from analytics.models.figure import Scope
from analytics.report.scope import Subject
from analytics.report.section import Grid, Section, grid

_COLUMNS = {
    "asset": "asset",
    "n": "events",
    "total_usd": "total USD",
    "long_share": "long",
    "short_share": "short",
    "long_n": "longs n",
    "short_n": "shorts n",
    "largest_usd": "largest USD",
    "peak_minute": "peak minute",
    "peak_minute_usd": "peak USD",
    "peak_minute_events": "peak events",
    "total_at_fill_usd": "at fill price",
}
_PUBLISHED = {
    "venue": "venue",
    "asset": "asset",
    "period_start": "period from",
    "total_usd": "total USD",
    "long_usd": "long USD",
    "short_usd": "short USD",
    "unattributed_usd": "neither USD",
    "n": "events",
    "quality": "quality",
}
_ASSETS = 12


def section(of: Subject) -> Section:
    """One table per quality and stage: they are never added up."""
    published = published_totals(of.lake, of.window)
    tables = {"headline": of.headline, "published_totals": published}
    grids = [_block(of.headline, quality, stage) for quality, stage in _blocks(of.headline)]
    if published.num_rows:
        grids.append(grid("Published totals of whole periods (beside, not part of, the tables above)", published, _PUBLISHED))
    if not grids:
        return Section("What was liquidated", reason=reason_of(of.headline), tables=tables)
    return Section("What was liquidated", _lead(of), (), tuple(grids), (*_notes(of), *notes_of(published)), tables=tables)


def _blocks(table: pa.Table) -> list[tuple[str, str]]:
    if not table.num_rows:
        return []
    return list(dict.fromkeys(zip(table["quality"].to_pylist(), table["stage"].to_pylist(), strict=True)))


def _block(table: pa.Table, quality: str, stage: str) -> Grid:
    rows = [row for row in table.to_pylist() if (row["quality"], row["stage"]) == (quality, stage)]
    largest, total = rows[:-1][:_ASSETS], rows[-1]
    chosen = pa.Table.from_pylist([*largest, total], table.schema)
    left = len(rows) - 1 - len(largest)
    made = grid(f"{quality}, stage {stage}", chosen, _COLUMNS, most=_ASSETS + 1)
    note = f"the {len(largest)} largest assets; the total counts {left} more" if left else ""
    return Grid(made.title, made.headers, made.rows, made.numeric, note)


def _lead(of: Subject) -> str:
    parts = []
    for row in of.headline.to_pylist():
        if row["asset"] == "total" and row["stage"] == "trader":
            words = f"{row['total_usd'] or 0:,.0f} USD in {row['n']:,} liquidations ({row['quality']}"
            words += ", a lower bound" if row["quality"] == "sampled" else ""
            parts.append(
                f"{words}), {100 * (row['long_share'] or 0):.1f} % of it longs; peak minute {row['peak_minute']:%Y-%m-%d %H:%M} UTC"
            )
    return ". ".join(parts) + ("." if parts else "")


def _notes(of: Subject) -> tuple[str, ...]:
    trader = [row for row in of.headline.to_pylist() if row["asset"] != "total" and row["stage"] == "trader"]
    notes = list(notes_of(of.headline))
    for quality in dict.fromkeys(row["quality"] for row in trader):
        parts = shares_of(pa.Table.from_pylist([row for row in trader if row["quality"] == quality]), "total_usd")
        if parts:
            found = concentration(parts, Scope(of.window.words, quality))
            notes.append(
                f"asset concentration ({quality}): HHI {found.hhi.value:.3f}, {found.effective.value:.1f} effective assets, n {found.hhi.n}"
            )
    return tuple(notes)
