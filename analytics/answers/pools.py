"""The pools that the keeper's markets trade against, out of the changes of their ranges: concentrated liquidity at single blocks (M5, M13,
M14)."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import duckdb
import numpy as np

from analytics.answers.window import Window
from analytics.marts import has_view, lacking, mart
from analytics.models.executable import Pool


@dataclass(frozen=True, slots=True, eq=False)
class PoolMoment:
    """A market's pool at the end of a block; `time` in Unix s."""

    chain_id: int
    venue: str
    market: str
    block: int
    time: float
    pool: Pool


def pools(lake: duckdb.DuckDBPyConnection, window: Window, market: str | None = None, most: int = 60) -> list[PoolMoment]:
    """At no more than `most` evenly spaced blocks of the window per market; none where the venue has no such pools."""
    return _pools(
        lake, {"since": window.lake_since, "until": window.lake_until, "most": most, "market": market, "venue": None, "chain_id": None}
    )


def pools_at(
    lake: duckdb.DuckDBPyConnection, market: str, at: datetime, venue: str | None = None, chain_id: int | None = None
) -> list[PoolMoment]:
    """Each venue's pool of a market at its last block at or before `at` (lake time); None: all venues, all chains."""
    if not has_view(lake, "stg_keeper_market_state"):
        return []
    query = (
        "SELECT chain_id, venue, max(block_time) AS last_time FROM stg_keeper_market_state WHERE market = ? AND block_time <= ? "
        "GROUP BY ALL ORDER BY venue, chain_id"
    )
    return [
        pool
        for chain, name, moment in lake.execute(query, [market, at]).fetchall()
        if venue in (None, name) and chain_id in (None, chain)
        for pool in _pools(lake, {"since": moment, "until": moment, "most": 1, "market": market, "venue": name, "chain_id": chain})
    ]


def pools_note(lake: duckdb.DuckDBPyConnection) -> str:
    """Why an answer has no pool of a keeper's venue although the lake has a keeper; "" where nothing stands in the way."""
    reason = lacking(lake, "pool_ranges")
    return f"pools are left out: {reason}" if reason else ""


def _pools(lake: duckdb.DuckDBPyConnection, asked: dict[str, object]) -> list[PoolMoment]:
    if not has_view(lake, "stg_keeper_pool_ranges") or not has_view(lake, "stg_keeper_market_state"):
        return []
    rows = lake.execute(mart("pool_ranges"), asked).to_arrow_table().to_pylist()
    return [_moment(list(ranges)) for _, ranges in groupby(rows, key=_place)]


def _place(row: dict[str, Any]) -> tuple[int, str, str, int]:
    return row["chain_id"], row["venue"], row["market"], row["block_number"]


def _moment(ranges: list[dict[str, Any]]) -> PoolMoment:
    low, high, liquidity = (np.array([row[column] for row in ranges], np.float64) for column in ("low_usd", "high_usd", "liquidity"))
    first = ranges[0]
    return PoolMoment(*_place(first), first["unix_s"], Pool(first["price_usd"], low, high, liquidity))
