"""Open interest and funding over time, of recordings and of the keeper's markets alike (M20, M21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import MarketKey
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.arrays import Floats
from analytics.models.funding import z_scores

_OPEN_INTEREST = (("open_interest_market", "stg_market_open_interest"), ("open_interest_keeper", "stg_keeper_market_state"))
_FUNDING = (("funding_market", "stg_market_funding"), ("funding_keeper", "stg_keeper_market_state"))
_HISTORY = timedelta(days=91)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset


@dataclass(frozen=True, slots=True, eq=False)
class Funding:
    """Settlements of one venue's market: Unix s, rate per 8 hours, z against the 90 days before (nan with fewer than 30 settlements)."""

    market: MarketKey
    time: Floats
    rate_8h: Floats
    z: Floats


def open_interest_path(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, bucket_s: float) -> pa.Table:
    """Open interest (base and USD) per venue, market and bucket of `bucket_s` seconds."""
    if not open_interest_view(lake):
        return annotated(pa.table({}), reason="this lake has no open interest")
    parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "bucket_s": bucket_s}
    table = lake.execute(mart("open_interest_path"), parameters).to_arrow_table()
    return annotated(table, reason=f"no open interest of {underlying} in {window.words}")


def funding(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str) -> tuple[Funding, ...]:
    """Funding of each venue from 91 days before the window to its end; none where the lake has none."""
    if not _view(lake, "mart_funding", _FUNDING):
        return ()
    since = max(window.lake_since - _HISTORY, _EPOCH) if window.since else _EPOCH
    table = lake.execute(mart("funding_path"), {"since": since, "until": window.lake_until, "underlying": underlying}).to_arrow_table()
    series: dict[MarketKey, list[tuple[float, float]]] = {}
    for row in table.to_pylist():
        series.setdefault(MarketKey.of(row), []).append(((row["moment"] - _EPOCH).total_seconds(), row["rate_8h"]))
    made = []
    for market, rows in series.items():
        time, rate = (np.array(column, np.float64) for column in zip(*dict(rows).items(), strict=True))
        made.append(Funding(market, time, rate, z_scores(time, rate)))
    return tuple(made)


def funding_of(market: MarketKey, among: Sequence[Funding]) -> Funding | None:
    """The funding of a market, else of another one of its venue: recordings may write its name in another way."""
    same = [one for one in among if one.market[:2] == market[:2]]
    return next((one for one in same if one.market == market), same[0] if same else None)


def held(time: Floats, value: Floats, at: Floats) -> Floats:
    """The last value known strictly before each moment; nan before the first."""
    place = np.searchsorted(time, at) - 1
    return np.where(place >= 0, value[np.maximum(place, 0)] if len(value) else np.nan, np.nan)


def open_interest_view(lake: duckdb.DuckDBPyConnection) -> bool:
    """Create the temporary view `mart_open_interest`; False when the lake has none."""
    return _view(lake, "mart_open_interest", _OPEN_INTEREST)


def _view(lake: duckdb.DuckDBPyConnection, name: str, parts: tuple[tuple[str, str], ...]) -> bool:
    bodies = [f"({mart(part)})" for part, view in parts if has_view(lake, view)]
    if bodies:
        lake.execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {' UNION ALL BY NAME '.join(bodies)}")
    return bool(bodies)
