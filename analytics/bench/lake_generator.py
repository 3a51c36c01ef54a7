"""A lake of any size with bursts of liquidations in it: the same seed and sizes give the same rows."""

import importlib.resources
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from analytics.lake import open_market
from keeper.lake.connection import LAKE, attach
from keeper.lake.place import LakePlace

_CHUNK = 2_500_000
"""Rows per insert: bounds memory, and gives Parquet files of a size that an importer would also write."""

Progress = Callable[[str, int, int], None]
"""Told (table, rows done, rows in all) after each chunk."""


@dataclass(frozen=True, slots=True)
class LakeSize:
    """Rows per table. `positions` per snapshot and market; `snapshots` are an hour apart, of `markets` markets."""

    liquidations: int = 10_000_000
    trades: int = 100_000_000
    positions: int = 20_000
    snapshots: int = 25
    markets: int = 4
    days: int = 365
    seed: int = 1


def generate(directory: Path, size: LakeSize, progress: Progress) -> None:
    """Write the lake into an empty or absent directory."""
    with open_market(directory) as connection:
        attach(connection, LakePlace.at(directory).keeper, LAKE, read_only=False)
        fill(connection, size, progress)


def fill(lake: duckdb.DuckDBPyConnection, size: LakeSize, progress: Progress) -> None:
    """Insert into the tables of `market` and create the keeper's two tables in `lake`, which has neither yet."""
    _chunked(lake, "liquidations", size.liquidations, size, progress)
    _chunked(lake, "trades", size.trades, size, progress)
    lake.execute(_sql("positions"), {"seed": size.seed, "positions": size.positions, "snapshots": size.snapshots, "markets": size.markets})
    lake.execute(_sql("market_state"), {"snapshots": size.snapshots, "markets": size.markets})
    rows = size.positions * size.snapshots * size.markets
    progress("position_snapshots", rows, rows)


def _chunked(lake: duckdb.DuckDBPyConnection, table: str, rows: int, size: LakeSize, progress: Progress) -> None:
    for first in range(0, rows, _CHUNK):
        stop = min(first + _CHUNK, rows)
        lake.execute(_sql(table), {"first": first, "stop": stop, "total": rows, "days": size.days, "seed": size.seed})
        progress(table, stop, rows)


def _sql(name: str) -> str:
    return importlib.resources.files("analytics").joinpath("bench", "sql", f"{name}.sql").read_text("utf-8")
