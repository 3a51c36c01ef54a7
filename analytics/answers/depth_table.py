"""Depth by venue over the window (M13). Flagged snapshots are counted and named, never used."""

from collections.abc import Mapping
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.books import PoolBook, pool_books
from analytics.answers.pools import pools_note
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.depth import DEPTH, bands
from analytics.models.figure import Scope

_NONE = "this lake has neither order books nor a keeper's pool"
_POOL_DEPTH = pa.schema(
    [
        ("underlying", pa.string()),
        ("venue", pa.string()),
        ("market", pa.string()),
        ("exchange_time", pa.timestamp("us")),
        ("side", pa.string()),
        ("band_bps", pa.float64()),
        ("depth_usd", pa.float64()),
        ("quality", pa.string()),
    ]
)
_POOLS_NOTE = "pools: out of the makers' ranges, fees left out, at no more than 60 blocks of the window"

_BAND_BPS = 100.0


def depth(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Median, thinnest and deepest USD per venue, market, side and band (bps from the mid) over the usable snapshots."""
    asked = window or Window()
    if not depth_view(lake, asked, underlying):
        return annotated(pa.table({}), reason=pools_note(lake) or _NONE)
    table = lake.execute(mart("depth_bands"), _parameters(asked, underlying)).to_arrow_table()
    pools = _POOLS_NOTE if has_view(lake, "stg_keeper_pool_ranges") else pools_note(lake)
    notes = [f"{DEPTH.formula}; {DEPTH.caveat}", pools, *flagged(lake)]
    return annotated(table, reason=f"no usable depth in {asked.words}", notes=notes, window=asked.words)


def depth_path(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, band_bps: float, bucket_s: float) -> pa.Table:
    """Median depth (USD) within one band per venue, market, side and bucket of `bucket_s` seconds."""
    if not depth_view(lake, window, underlying):
        return annotated(pa.table({}), reason=pools_note(lake) or _NONE)
    parameters = _parameters(window, underlying) | {"band_bps": band_bps, "bucket_s": bucket_s}
    return annotated(lake.execute(mart("depth_path"), parameters).to_arrow_table(), reason=f"no usable depth in {window.words}")


def depth_view(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str | None) -> bool:
    """Create the temporary view `mart_depth`: recorded depth and that of the keeper's pools in the window; False without either."""
    scope = Scope(window.words, "exact")
    rows = [row for one in pool_books(lake, window, underlying) for row in _pool_rows(one, scope)]
    lake.register("pool_depth", pa.Table.from_pylist(rows, _POOL_DEPTH))
    parts = [mart("depth_market")] if has_view(lake, "stg_market_depth") else []
    lake.execute(f"CREATE OR REPLACE TEMPORARY VIEW mart_depth AS {' UNION ALL BY NAME '.join([*parts, 'FROM pool_depth'])}")
    return bool(rows or parts)


def _pool_rows(one: PoolBook, scope: Scope) -> list[dict[str, object]]:
    book, moment = one.book, datetime.fromtimestamp(one.book.time, UTC).replace(tzinfo=None)
    shared = {"underlying": one.underlying, "venue": book.venue, "market": one.market, "exchange_time": moment, "quality": scope.quality}
    return [
        shared | {"side": side, "band_bps": band.band_bps, "depth_usd": figure.value}
        for band in bands(book, scope)
        for side, figure in (("bid", band.bid), ("ask", band.ask))
        if figure.value is not None
    ]


def reached_band(counts: Mapping[float, int]) -> float:
    """The band (bps) nearest 100 among those that most snapshots reach; `counts` maps every band to its usable values, at least one."""
    enough = [band for band, n in counts.items() if n >= 0.7 * max(counts.values())]
    return min(enough, key=lambda band: abs(band - _BAND_BPS))


def flagged(lake: duckdb.DuckDBPyConnection) -> list[str]:
    """What was left out, venue by venue and flag by flag, with its time span, over everything recorded."""
    if not has_view(lake, "stg_market_depth_flags"):
        return []
    rows = lake.execute("SELECT * FROM stg_market_depth_flags ORDER BY snapshots DESC").to_arrow_table().to_pylist()
    return [
        f"{row['venue']} {row['market']}: {row['snapshots']:,} snapshots flagged '{row['flag']}' and not used, "
        f"{row['first_time']:%Y-%m-%d %H:%M:%S} to {row['last_time']:%Y-%m-%d %H:%M:%S} UTC"
        for row in rows
    ]


def _parameters(window: Window, underlying: str | None) -> dict[str, object]:
    return {"since": window.lake_since, "until": window.lake_until, "underlying": underlying}
