"""The catalog's upkeep: `python -m keeper.store.upkeep`, a short-lived process that the recorder starts.

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
from keeper.store.connection import LAKE, connect
from keeper.store.faults import is_busy, store_error
from keeper.store.options import LakeOptions
from keeper.store.write_lock import write_turn

_TIERS = ((1, 1 << 18), (16, 1 << 22), (256, 1 << 26))
"""Every so many runs, files below so many bytes are merged. Tiers, because merging rewrites: with one, every run would rewrite all."""
_LET_GO = (
    "CALL ducklake_expire_snapshots('{lake}', older_than => now() - INTERVAL {keep} SECOND)",
    "CALL ducklake_cleanup_old_files('{lake}', older_than => now() - INTERVAL {keep} SECOND)",
)
_SETTLED_S = 0.5
"""A merged file holds rows of several snapshots, and a question that DuckLake began before the newest of them may count all of them or
none (measured: torn answers). So nothing is committed for a moment before the merge: who asks then, asks of the newest snapshot."""


def order(options: LakeOptions, run: int) -> str:
    """What the process is told: the lake, and how many times it was started before."""
    return json.dumps({"options": asdict(options), "run": run})


def tidy(options: LakeOptions, run: int) -> None:
    """Small files into larger ones; old snapshots and their files away. `run` counts the calls from 1. Raises StoreError.

    Another program writing at the same time is no fault: the next run does it."""
    sizes = [size for every, size in _TIERS if run % every == 0]
    with connect(options) as connection, write_turn(options):
        time.sleep(_SETTLED_S)
        merges = [f"CALL ducklake_merge_adjacent_files('{LAKE}', max_file_size => {size})" for size in sizes]
        for statement in (*merges, *(text.format(lake=LAKE, keep=options.keep_snapshots_s) for text in _LET_GO)):
            _execute(connection, options, statement)


def _execute(connection: duckdb.DuckDBPyConnection, options: LakeOptions, statement: str) -> None:
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        if not is_busy(error):
            raise store_error(options.name, "tidy up", error) from error


def main() -> int:
    """Exit code 0, or 1 with one line on standard error."""
    instruction = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        tidy(LakeOptions(**instruction["options"]), instruction["run"])
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
