"""On how few venues do liquidations, depth, volume and open interest stand, and does the flow go where the depth is? (M15)"""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.depth_table import depth, reached_band
from analytics.answers.identity import venue_labels
from analytics.answers.ledger import headline, ledger_view
from analytics.answers.pools import pools_note
from analytics.answers.prices import price_extremes
from analytics.answers.ranking import ranked_assets
from analytics.answers.spot_ratio import held_at_the_end, newest_record, traded
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.concentration import EFFECTIVE, HHI, MISMATCH, mismatch
from analytics.models.concentration import concentration as concentrate
from analytics.models.figure import Scope

_ASSETS = 6
_SCHEMA = pa.schema(
    [
        ("underlying", pa.string()),
        ("measure", pa.string()),
        ("venues", pa.list_(pa.string())),
        ("shares", pa.list_(pa.float64())),
        ("hhi", pa.float64()),
        ("effective_venues", pa.float64()),
        ("top_3_share", pa.float64()),
        ("total_usd", pa.float64()),
        ("mismatch", pa.float64()),
        ("n", pa.int64()),
        ("note", pa.string()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Measure:
    """USD of one kind by venue, of `n` records."""

    name: str
    usd: dict[str, float]
    n: int
    quality: str

    def flows(self) -> bool:
        return self.name == "liquidations"


def concentration(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Per asset (the six with most liquidated USD) and measure: shares by venue, HHI, effective venues; for liquidations also chi-square of
    their shares against those of depth, over the venues of which both are known (null with fewer than two)."""
    asked = window or Window()
    names = (underlying,) if underlying else ranked_assets(headline(lake, asked), price_extremes(lake, asked))[:_ASSETS]
    rows = [row for name in names for row in _rows(name, list(_measures(lake, asked, name)), asked)]
    notes = [f"{one.name}: {one.formula}{f'; {one.caveat}' if one.caveat else ''}" for one in (HHI, EFFECTIVE, MISMATCH)]
    notes.append(
        "of the venues in this lake only; liquidations: USD of traders, exact and sampled apart; depth: median of both sides in the band "
        "nearest 100 bps; volume: perpetual markets; open interest: last value"
    )
    notes.append(pools_note(lake))
    reason = f"no liquidations, depth, volume or open interest of any venue in {asked.words}"
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason=reason, notes=notes)


def _measures(lake: duckdb.DuckDBPyConnection, window: Window, name: str) -> Iterator[_Measure]:
    yield from _liquidations(lake, window, name)
    yield from _depth(lake, window, name)
    yield from _volume(lake, window, name)
    yield from _open_interest(lake, window, name)


def _liquidations(lake: duckdb.DuckDBPyConnection, window: Window, name: str) -> Iterator[_Measure]:
    if not ledger_view(lake):
        return
    asked = {"since": window.lake_since, "until": window.lake_until, "underlying": name}
    rows, labels = lake.execute(mart("venue_liquidations"), asked).to_arrow_table().to_pylist(), venue_labels(lake)
    for quality in dict.fromkeys(row["quality"] for row in rows):
        mine = [row for row in rows if row["quality"] == quality]
        yield _Measure("liquidations", {labels.of_row(row): row["usd"] for row in mine}, sum(row["n"] for row in mine), quality)


def _depth(lake: duckdb.DuckDBPyConnection, window: Window, name: str) -> Iterator[_Measure]:
    rows = depth(lake, window, name).to_pylist()
    counts: dict[float, int] = {}
    for row in rows:
        counts[row["band_bps"]] = counts.get(row["band_bps"], 0) + row["n"]
    if not counts:
        return
    band = reached_band(counts)
    mine = [row for row in rows if row["band_bps"] == band]
    yield _Measure(
        f"depth within {band:g} bps", _summed((row["venue"], row["depth_usd_p50"]) for row in mine), sum(row["n"] for row in mine), "exact"
    )


def _volume(lake: duckdb.DuckDBPyConnection, window: Window, name: str) -> Iterator[_Measure]:
    mine = [
        one
        for one in traded(lake, window.lake_since, window.lake_until, name).get(name, [])
        if one.instrument == "perpetual" and one.usd > 0
    ]
    if mine:
        yield _Measure(
            "volume", _summed((one.venue, one.usd) for one in mine), sum(one.n for one in mine), _qualities(one.quality for one in mine)
        )


def _open_interest(lake: duckdb.DuckDBPyConnection, window: Window, name: str) -> Iterator[_Measure]:
    end = window.lake_until if window.until else newest_record(lake)
    found = held_at_the_end(lake, window, end, name).get(name, []) if end else []
    known = [(one.venue, one.usd) for one in found if one.usd]
    if known:
        yield _Measure("open interest", _summed(known), sum(one.n for one in found), _qualities(one.quality for one in found))


def _rows(name: str, found: list[_Measure], window: Window) -> list[dict[str, object]]:
    deep = next((one for one in found if one.name.startswith("depth")), None)
    return [_row(name, one, deep, window) for one in found]


def _row(name: str, one: _Measure, deep: _Measure | None, window: Window) -> dict[str, object]:
    ranked = sorted(one.usd.items(), key=lambda item: (-item[1], item[0]))
    scope = Scope(window.words, one.quality)
    made = concentrate([usd for _, usd in ranked], scope)
    both = sorted(set(one.usd) & set(deep.usd)) if deep and one.flows() else []
    apart = mismatch([one.usd[venue] for venue in both], [deep.usd[venue] for venue in both], scope) if deep and len(both) > 1 else None
    return {
        "underlying": name,
        "measure": one.name,
        "venues": [venue for venue, _ in ranked],
        "shares": [usd / sum(one.usd.values()) for _, usd in ranked],
        "hhi": made.hhi.value,
        "effective_venues": made.effective.value,
        "top_3_share": made.top[min(3, len(made.top)) - 1],
        "total_usd": sum(one.usd.values()),
        "mismatch": apart.value if apart else None,
        "n": one.n,
        "note": _note(one, both),
        "quality": one.quality,
        "window": window.words,
    }


def _note(one: _Measure, both: list[str]) -> str | None:
    if not one.flows():
        return None
    if len(both) < 2:
        return "no mismatch: liquidations and depth are known together of fewer than two venues"
    return f"mismatch over {', '.join(both)}" if len(both) < len(one.usd) else None


def _summed(pairs: Iterator[tuple[str, float]] | list[tuple[str, float]]) -> dict[str, float]:
    made: dict[str, float] = {}
    for venue, usd in pairs:
        made[venue] = made.get(venue, 0.0) + usd
    return made


def _qualities(told: Iterator[str]) -> str:
    return "/".join(sorted({part for one in told for part in one.split("/")}))
