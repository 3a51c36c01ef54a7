"""Recordings to import: trades as Tardis sells them, of any number, the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb

KIND = "tardis_trades"
_TRADES = """
SELECT
    'binance-futures' AS exchange,
    CASE i % 3 WHEN 0 THEN 'ETHUSDT' ELSE 'BTCUSDT' END AS symbol,
    1760000000000000 + 1700 * i AS timestamp,
    1760000000000000 + 1700 * i + 3000 + hash(i) % 2000 AS local_timestamp,
    i AS id,
    CASE hash(i) % 2 WHEN 0 THEN 'buy' ELSE 'sell' END AS side,
    round(CASE i % 3 WHEN 0 THEN 4000 ELSE 110000 END * (1 + 0.02 * sin(i / 40000.0)), 2) AS price,
    (1 + hash(i) % 9999) / 1000.0 AS amount
FROM range({first}, {last}) AS numbers(i)
"""


def write_trades(directory: Path, rows: int, files: int) -> Sequence[Path]:
    """`rows` trades, in order of time, over so many gzipped CSV files of `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    bounds = [rows * part // files for part in range(files + 1)]
    paths = [directory / f"binance-futures_trades_{part:03}.csv.gz" for part in range(files)]
    with closing(duckdb.connect()) as connection:
        for path, first, last in zip(paths, bounds, bounds[1:], strict=False):
            query = _TRADES.format(first=first, last=last)
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER true, COMPRESSION gzip)")
    return paths
