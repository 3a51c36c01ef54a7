"""How much open interest did each episode remove, venue by venue? (M20, the last column of M7)"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from analytics.marts import has_view, mart
from analytics.models.episodes import Episode
from analytics.models.figure import Scope
from analytics.models.open_interest import Flush, flush


@dataclass(frozen=True, slots=True)
class VenueFlush:
    """The flush of one market's open interest from an episode's start to an hour after its end."""

    venue: str
    market: str
    flush: Flush


def flushes(lake: duckdb.DuckDBPyConnection, episodes: Sequence[Episode]) -> tuple[tuple[VenueFlush, ...], ...]:
    """Per episode, in order, the venues with base open interest within the hour before and after; none where the lake has no such records.

    Venues are not added: their lowest points are at different moments."""
    found: list[list[VenueFlush]] = [[] for _ in episodes]
    if not episodes or not has_view(lake, "stg_market_open_interest"):
        return tuple(tuple(one) for one in found)
    lake.register("asked", _asked(episodes))
    try:
        rows = lake.execute(mart("open_interest_around")).to_arrow_table().to_pylist()
    finally:
        lake.unregister("asked")
    for row in rows:
        episode = episodes[row["episode"]]
        scope = Scope(episode.total.window, row["quality"])
        found[row["episode"]].append(VenueFlush(row["venue"], row["market"], flush(row["after_base"], row["before_base"], scope)))
    return tuple(tuple(one) for one in found)


def _asked(episodes: Sequence[Episode]) -> pa.Table:
    return pa.table(
        {
            "episode": list(range(len(episodes))),
            "underlying": [episode.underlying for episode in episodes],
            "start": [episode.start for episode in episodes],
            "stop": [episode.stop for episode in episodes],
        }
    )
