"""Depth by venue over the window (M13). Flagged snapshots are counted and named, never used."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.depth import DEPTH

_BAND_BPS = 100.0


def depth(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """Median, thinnest and deepest USD per venue, market, side and band (bps from the mid) over the usable snapshots."""
    asked = window or Window()
    if not has_view(lake, "stg_market_depth"):
        return annotated(pa.table({}), reason="this lake has no order books")
    table = lake.execute(mart("depth_bands"), _parameters(asked, underlying)).to_arrow_table()
    return annotated(table, reason=f"no usable depth in {asked.words}", notes=[f"{DEPTH.formula}; {DEPTH.caveat}", *flagged(lake)])


def depth_path(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, band_bps: float, bucket_s: float) -> pa.Table:
    """Median depth (USD) within one band per venue, market, side and bucket of `bucket_s` seconds."""
    if not has_view(lake, "stg_market_depth"):
        return annotated(pa.table({}), reason="this lake has no order books")
    parameters = _parameters(window, underlying) | {"band_bps": band_bps, "bucket_s": bucket_s}
    return annotated(lake.execute(mart("depth_path"), parameters).to_arrow_table(), reason=f"no usable depth in {window.words}")


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
