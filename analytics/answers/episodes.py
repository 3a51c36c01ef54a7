"""Which episodes of liquidation are there? (M7)"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.answers.identity import venue_labels
from analytics.answers.window import Window
from analytics.marts import create_liquidations, mart
from analytics.models.episodes import Episode, EpisodeRules, MinuteBars, Sensitivity, survey

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset


@dataclass(frozen=True, slots=True)
class Episodes:
    """Episodes that overlap the window, largest first, with the 3x3 table (over everything read) and why there are none, if so.

    `minutes`: bars read, the 30 days of baseline before the window included; `recorded_from`: the first of them."""

    episodes: tuple[Episode, ...]
    sensitivity: tuple[Sensitivity, ...]
    rules: EpisodeRules
    minutes: int
    recorded_from: datetime | None
    reason: str


def episodes(
    lake: duckdb.DuckDBPyConnection, rules: EpisodeRules | None = None, window: Window | None = None, underlying: str | None = None
) -> Episodes:
    """Episodes in a read-only lake (see `analytics.lake.open_lake`). `underlying` None means all.

    Recording is taken to begin with the first liquidation read: earlier minutes are unknown, not quiet."""
    limits, asked = rules or EpisodeRules(), window or Window()
    create_liquidations(lake)
    history = max(asked.lake_since - timedelta(days=limits.baseline_days + 1), _EPOCH) if asked.since else _EPOCH
    parameters = {"since": history, "until": asked.lake_until, "underlying": underlying}
    bars = lake.execute(mart("liquidation_minutes"), parameters).to_arrow_table()
    if bars.num_rows == 0:
        of = f" of {underlying}" if underlying else ""
        return Episodes((), (), limits, 0, None, f"no liquidations{of} in {asked.words}")
    recorded_from = int(pc.min(bars["minute"]).as_py())
    series = _series(bars, _underlyings(lake), _venues(lake))
    first = (asked.lake_since - _EPOCH) // timedelta(minutes=1)
    surveyed = survey(series, limits, recorded_from, asked.words)
    found = tuple(episode for episode in surveyed.episodes if episode.stop > first)
    reason = "" if found else f"no minute series passed the thresholds in {asked.words}"
    return Episodes(found, surveyed.sensitivity, limits, bars.num_rows, _EPOCH + timedelta(minutes=recorded_from), reason)


def _underlyings(lake: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Names by their code."""
    rows = lake.execute("SELECT underlying FROM mart_underlying_codes ORDER BY underlying_code").fetchall()
    return tuple(str(name) for (name,) in rows)


def _venues(lake: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Labels by their code."""
    labels = venue_labels(lake)
    rows = lake.execute("SELECT chain_id, venue FROM mart_venue_codes ORDER BY venue_code").fetchall()
    return tuple(labels.of(chain_id, venue) for chain_id, venue in rows)


def _series(bars: pa.Table, underlyings: tuple[str, ...], venues: tuple[str, ...]) -> list[MinuteBars]:
    """One series per (underlying, side); rows come sorted by series and minute."""
    columns = ("series", "minute", "notional_usd", "price_usd", "marks")
    code, minute, notional, price, marks = (bars[name].to_numpy() for name in columns)
    edges = [0, *(np.flatnonzero(np.diff(code)) + 1).tolist(), bars.num_rows]
    made = []
    for lo, hi in pairwise(edges):
        rows = slice(lo, hi)
        quality = _quality(int(np.bitwise_or.reduce(marks[rows])))
        side = 1 - 2 * int(code[lo] & 1)
        made.append(MinuteBars(underlyings[code[lo] >> 1], side, minute[rows], notional[rows], price[rows], marks[rows], venues, quality))
    return made


def _quality(marks: int) -> str:
    exact, sampled = marks >> 61 & 1, marks >> 62 & 1
    if exact and sampled:
        return "mixed: exact and sampled"
    return "exact" if exact else "sampled"
