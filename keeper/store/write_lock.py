"""One write at a time to a lake with an SQLite catalog, whichever programs write it. `analytics.transaction` keeps the same rule.

SQLite cannot turn a read of an older state into a write, so a DuckLake transaction that another one overtakes fails at its commit,
however long it took (measured: always). Hence a lock around each transaction, on `<catalog>.write`; the system lets go of it when a
process ends, however it ends. Readers know nothing of it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keeper.errors import StoreError
from keeper.store.faults import translated
from keeper.store.options import LakeOptions

_PAUSE_S = 0.01


@contextmanager
def sole_keeper(options: LakeOptions) -> Iterator[None]:
    """Holds `<catalog>.keeper` while the context is open: a second recorder is refused at once. Raises StoreError."""
    refusal = f"another keeper is writing the lake {options.name}: end it, or name another directory in [lake] dir"
    with _held(options, "keeper", 0.0, refusal):
        yield


@contextmanager
def write_turn(options: LakeOptions) -> Iterator[None]:
    """Waits for `<catalog>.write`, at most `busy_s`, and holds it while the context is open. Raises StoreError."""
    refusal = f"another program has been writing the lake {options.name} for {options.busy_s:g} s: end it"
    with _held(options, "write", options.busy_s, refusal):
        yield


@contextmanager
def _held(options: LakeOptions, suffix: str, wait_s: float, refusal: str) -> Iterator[None]:
    if options.catalog_file is None:
        yield  # a server's catalog settles the order of writers itself
        return
    path = Path(f"{options.catalog_file}.{suffix}")
    with translated(options.name, "open"):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        give_up = time.monotonic() + wait_s
        while not _taken(file.fileno()):
            if time.monotonic() >= give_up:
                raise StoreError(refusal)
            time.sleep(_PAUSE_S)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
