"""Which episodes of liquidation are there? (M7)"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.answers.window import Window
from analytics.marts import create_liquidations, mart
from analytics.models.episodes import Episode, EpisodeRules, MinuteBars, Sensitivity, find, sensitivity

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
    names = tuple(str(name) for (name,) in lake.execute(mart("venue_names")).fetchall())
    series = _series(bars, names)
    first = (asked.lake_since - _EPOCH) // timedelta(minutes=1)
    found = tuple(episode for episode in find(series, limits, recorded_from, asked.words) if episode.stop > first)
    reason = "" if found else f"no minute series passed the thresholds in {asked.words}"
    table = sensitivity(series, limits, recorded_from)
    return Episodes(found, table, limits, bars.num_rows, _EPOCH + timedelta(minutes=recorded_from), reason)


def _series(bars: pa.Table, venue_names: tuple[str, ...]) -> list[MinuteBars]:
    """One series per (underlying, side); rows come sorted by both and by minute."""
    coded = bars["underlying"].combine_chunks().dictionary_encode()
    code, side = coded.indices.to_numpy(), bars["side"].to_numpy()
    minute, notional, price, venues = (bars[name].to_numpy() for name in ("minute", "notional_usd", "price_usd", "venues"))
    exact, sampled = (bars[name].to_numpy(zero_copy_only=False) for name in ("exact", "sampled"))
    breaks = np.flatnonzero((np.diff(code) != 0) | (np.diff(side) != 0)) + 1
    edges = [0, *breaks.tolist(), bars.num_rows]
    made = []
    for lo, hi in pairwise(edges):
        quality = _quality(bool(exact[lo:hi].any()), bool(sampled[lo:hi].any()))
        name = str(coded.dictionary[int(code[lo])].as_py())
        rows = slice(lo, hi)
        made.append(MinuteBars(name, int(side[lo]), minute[rows], notional[rows], price[rows], venues[rows], venue_names, quality))
    return made


def _quality(exact: bool, sampled: bool) -> str:
    if exact and sampled:
        return "mixed: exact and sampled"
    return "exact" if exact else "sampled"
