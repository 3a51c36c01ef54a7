"""The catalog's upkeep: `python -m keeper.lake.upkeep`, a short-lived process that the recorder starts.

In a process of its own, because every merge leaves some 20 MB behind in the memory of the process that makes it (measured, linear). What to
do comes as one line on standard input, which stays open: when the parent is gone, however it went, this process ends too. All of it is one
turn, in which the recorder's commits wait."""

import json
import os
import sys
import threading
import time
from dataclasses import asdict

import duckdb

from keeper.errors import KeeperError
from keeper.lake.connection import LAKE, connect
from keeper.lake.faults import is_busy, store_error, translated
from keeper.lake.place import CatalogPlace
from keeper.lake.write_turn import write_turn

_TIERS = ((1, 1 << 18), (16, 1 << 22), (256, 1 << 26))
"""Every so many runs, files below so many bytes are merged. Tiers, because merging rewrites: with one, every run would rewrite all."""
_MANY = 32
_KEEP_SNAPSHOTS_S = 3600
_LET_GO = (
    "CALL ducklake_expire_snapshots('{lake}', older_than => now() - INTERVAL {keep} SECOND)",
    "CALL ducklake_cleanup_old_files('{lake}', older_than => now() - INTERVAL {keep} SECOND)",
)
_SETTLED_S = 0.5
"""A merged file holds rows of several snapshots, and a question that DuckLake began before the newest of them may count all of them or
none (measured: torn answers). So nothing is committed for a moment before the merge: who asks then, asks of the newest snapshot."""


def order(place: CatalogPlace, keep_snapshots_s: int, run: int) -> str:
    """What the process is told: the catalog, how old a snapshot may become, and how many times it was started before."""
    return json.dumps({"place": asdict(place), "keep_snapshots_s": keep_snapshots_s, "run": run})


def tidy(place: CatalogPlace, keep_snapshots_s: int, run: int) -> None:
    """Small files into larger ones; old snapshots and their files away. `run` counts the calls from 1. Raises StoreError.

    Another program writing at the same time is no fault: the next run does it."""
    sizes = [size for every, size in _TIERS if run % every == 0]
    with connect(place) as connection, write_turn(place):
        time.sleep(_SETTLED_S)
        merges = [f"CALL ducklake_merge_adjacent_files('{LAKE}', max_file_size => {size})" for size in sizes]
        for statement in (*merges, *(text.format(lake=LAKE, keep=keep_snapshots_s) for text in _LET_GO)):
            _execute(connection, place, statement)


def tidy_if_many(place: CatalogPlace, keep_snapshots_s: int = _KEEP_SNAPSHOTS_S) -> bool:
    """`tidy` for who writes now and then: does nothing until a table has gathered `_MANY` files that could be merged. Raises StoreError."""
    every, size = _TIERS[-1]
    files = f"__ducklake_metadata_{LAKE}.{place.schema or 'main'}.ducklake_data_file"
    counts = f"SELECT count(*) AS n FROM {files} WHERE end_snapshot IS NULL AND file_size_bytes < {size} GROUP BY table_id"  # noqa: S608
    with translated(place.name, "tidy up"), connect(place) as connection:
        ((most,),) = connection.execute(f"SELECT coalesce(max(n), 0) FROM ({counts})").fetchall()  # noqa: S608 (names are our own)
    if most < _MANY:
        return False
    tidy(place, keep_snapshots_s, every)
    return True


def _execute(connection: duckdb.DuckDBPyConnection, place: CatalogPlace, statement: str) -> None:
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        if not is_busy(error):
            raise store_error(place.name, "tidy up", error) from error


def main() -> int:
    """Exit code 0, or 1 with one line on standard error."""
    instruction = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        tidy(CatalogPlace(**instruction["place"]), instruction["keep_snapshots_s"], instruction["run"])
    except KeeperError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    # Not sys.exit: at the interpreter's end the thread still holds standard input.
    code = main()
    sys.stderr.flush()
    os._exit(code)
