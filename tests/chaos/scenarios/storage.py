"""What lies on the disk is damaged, in the way, or left by an earlier version."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from tests.chaos import lake
from tests.chaos.scenario import Scenario, Script
from tests.chaos.stage import Set, Stage

_NOT_WRITABLE = (
    "cannot be written",
    "cannot be used",
    "StoreError",
    "Read-only",
    "cannot write",
    "file too large",
    "File too large",
    "disk",
)
_HELD_S = 60.0
_HOLD = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute('BEGIN IMMEDIATE'); print(flush=True); input()"
"""A program that takes the catalog's lock, says so, and keeps it until it is ended."""


def damaged(damage: Callable[[Stage], None], *, right: Sequence[str] = ()) -> Script:
    """Half a fall, the daemon killed, the damage done, the daemon started again, the other half."""

    def script(stage: Stage) -> None:
        stage.right_exits += right
        stage.begin()
        stage.fall(steps=45)
        stage.blocks(20)
        stage.daemon.kill()
        damage(stage)
        stage.daemon.start()
        stage.ready()
        stage.finish()

    return script


def lost_event_rows(stage: Stage) -> None:
    """Rows of venue_events are gone, in the middle of the history (F5)."""
    rows = lake.rows(
        stage.lake, "SELECT DISTINCT block_number FROM venue_events WHERE source = 'log' AND event = 'PositionChanged' ORDER BY 1"
    )
    victims = [row["block_number"] for row in rows][-3:-1]
    stage.expect(bool(victims), "the scene did not come about: no events in the lake")
    lake.write(
        stage.lake,
        *(f"DELETE FROM venue_events WHERE event = 'PositionChanged' AND source = 'log' AND block_number = {n}" for n in victims),
    )


def lost_own_rows(stage: Stage) -> None:
    """Outcomes and attempts of an earlier version's kills are missing (F9)."""
    lake.write(stage.lake, "DELETE FROM outcomes WHERE block_number % 2 = 0", "DELETE FROM attempts WHERE block_number % 2 = 0")


def lost_outbox(stage: Stage) -> None:
    """The outbox is gone, and with it what the lake had not been told yet."""
    untold = "transactions.reported = 0 OR jobs.reported = 0 OR state = 'open'"
    signed = lake.outbox_rows(stage.state, f"SELECT hash FROM transactions JOIN jobs ON jobs.id = job_id WHERE {untold}")
    stage.untold = frozenset(name for (name,) in signed)
    for file in stage.state.glob("*.sqlite*"):
        file.unlink()


def hole_of_fifty(stage: Stage) -> None:
    """An earlier version has signed for nonces far above the chain's count (F2): copies of its last jobs, 50 nonces ahead."""
    file = lake.outbox(stage.state)
    assert file is not None, "there is no outbox"
    key = stage.devnet.deployment.keeper_key
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        jobs = [dict(row) for row in connection.execute("SELECT * FROM jobs ORDER BY id DESC LIMIT 3")]
        (highest,), (next_id,) = (connection.execute(f"SELECT max({of}) FROM {table}").fetchone() for of, table in _COUNTERS)
        stage.expect(bool(jobs), "the scene did not come about: no job in the outbox")
        for place, job in enumerate(jobs, 1):
            nonce, job_id = highest + 50 + place, next_id + place
            (row,) = connection.execute("SELECT * FROM transactions WHERE job_id = ? ORDER BY rowid LIMIT 1", (job["id"],)).fetchall()
            fields = TypedTransaction.from_bytes(HexBytes(row["raw"])).as_dict()
            unsigned = {name: value for name, value in fields.items() if name not in ("v", "r", "s")} | {"nonce": nonce}
            signed = Account.sign_transaction(unsigned, key)
            name = "0x" + signed.hash.hex().removeprefix("0x")
            _insert(connection, "nonces", {"nonce": nonce})
            _insert(connection, "jobs", job | {"id": job_id, "nonce": nonce, "state": "open"})
            for part in connection.execute("SELECT * FROM parts WHERE job_id = ?", (job["id"],)).fetchall():
                copied = {"job_id": job_id, "candidate_id": f"copy{place}-{part['position']}"}
                _insert(connection, "parts", dict(part) | copied)
            copy = {"hash": name, "job_id": job_id, "nonce": nonce, "raw": bytes(signed.raw_transaction), "replaces": None}
            _insert(connection, "transactions", dict(row) | copy)
        connection.commit()


_COUNTERS = (("nonce", "nonces"), ("id", "jobs"))


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def _refused_at_start(spoil: Callable[[Stage], None], words: Sequence[str], mend: Callable[[Stage], None]) -> Script:
    """The daemon does not start on it, says so in one line with exit 1 or 2, and works once it is mended."""

    def script(stage: Stage) -> None:
        stage.right_exits += words
        stage.daemon.supervised = False
        stage.begin()
        stage.fall(steps=40)
        stage.blocks(15)
        stage.daemon.kill()
        spoil(stage)
        count = len(stage.daemon.exits)
        stage.daemon.start()
        stage.daemon.until(lambda: len(stage.daemon.exits) > count, 30, "the daemon did not refuse to start")
        last_exit = stage.daemon.exits[-1]
        stage.expect(last_exit.code in (1, 2) and "Traceback" not in last_exit.words, f"exit {last_exit.code}: {last_exit.words}")
        mend(stage)
        stage.daemon.start()
        stage.ready()
        stage.finish()

    return script


def _garbage_outbox(stage: Stage) -> None:
    file = lake.outbox(stage.state)
    assert file is not None, "there is no outbox"
    for part in stage.state.glob("*.sqlite*"):
        shutil.move(part, stage.directory / part.name)
    file.write_bytes(b"this is no database, and never was one\n" * 200)


def _restored_outbox(stage: Stage) -> None:
    for part in stage.state.glob("*.sqlite*"):
        part.unlink()
    for part in stage.directory.glob("outbox-*.sqlite*"):
        shutil.move(part, stage.state / part.name)


def _garbage_catalog(stage: Stage) -> None:
    for part in stage.lake.glob("catalog.sqlite*"):
        shutil.move(part, stage.directory / part.name)
    (stage.lake / "catalog.sqlite").write_bytes(b"this is no database, and never was one\n" * 200)


def _restored_catalog(stage: Stage) -> None:
    (stage.lake / "catalog.sqlite").unlink()
    for part in stage.directory.glob("catalog.sqlite*"):
        shutil.move(part, stage.lake / part.name)


def deleted_parquet(stage: Stage) -> None:
    """A file of venue_events is gone."""
    _oldest_parquet(stage).unlink()


def garbage_parquet(stage: Stage) -> None:
    """A file of venue_events is no Parquet any more, though as long as it was."""
    file = _oldest_parquet(stage)
    file.write_bytes(b"\xff" * file.stat().st_size)


def _oldest_parquet(stage: Stage) -> Path:
    files = sorted(stage.lake.glob("data/**/venue_events/**/*.parquet"), key=lambda file: file.stat().st_mtime)
    assert files, "there is no file of venue_events"
    return files[0]


def file_limit(stage: Stage) -> None:
    """No file may grow above 300 kB: what a full disk is to a daemon. It ends in one line, and goes on when there is room again."""
    stage.right_exits += _NOT_WRITABLE
    stage.daemon.supervised = False
    stage.daemon.prefix = ("prlimit", "--fsize=300000", "--")
    stage.begin()
    stage.fall(steps=60, bps=-30)
    stage.daemon.until(lambda: bool(stage.daemon.exits), 60, "the daemon did not end on a full disk")
    stage.daemon.prefix = ()
    stage.daemon.start()
    stage.ready()
    stage.finish()


def read_only_lake(stage: Stage) -> None:
    """The lake's directory may not be written: exit in one line. Root may write anything, so the daemon runs without that right."""
    stage.right_exits += _NOT_WRITABLE
    stage.daemon.supervised = False
    stage.daemon.prefix = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--") if os.geteuid() == 0 else ()
    stage.player.start()
    stage.lake.mkdir()
    stage.lake.chmod(0o555)
    stage.daemon.start()
    try:
        stage.daemon.until(lambda: bool(stage.daemon.exits), 30, "the daemon did not refuse a lake it may not write")
        last_exit = stage.daemon.exits[-1]
        stage.expect(last_exit.code in (1, 2) and "Traceback" not in last_exit.words, f"exit {last_exit.code}: {last_exit.words}")
    finally:
        stage.lake.chmod(0o755)
    stage.daemon.prefix = ()
    stage.daemon.start()
    stage.ready()
    stage.fall(steps=15)
    stage.finish()


def held_catalog(stage: Stage) -> None:
    """Another program holds the lake's catalog for a minute: the daemon goes on, and the rows come when it lets go."""
    stage.begin()
    stage.fall(steps=200, bps=-10)
    stage.blocks(10)
    command = [sys.executable, "-c", _HOLD, str(stage.lake / "catalog.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        before = stage.mined(), _newest_row(stage)
        time.sleep(_HELD_S)
        after = stage.mined(), _newest_row(stage)
        other.kill()
    stage.expect(after[1] == before[1], f"the scene did not come about: block {after[1]} was written after block {before[1]}")
    stage.expect(after[0] > before[0], "nothing was liquidated meanwhile")
    stage.finish()


def _newest_row(stage: Stage) -> int:
    """The newest block in the lake."""
    ((number,),) = [row.values() for row in lake.rows(stage.lake, "SELECT max(block_number) AS newest FROM cursors")]
    return int(number)


SCENARIOS: Sequence[Scenario] = (
    Scenario(
        name="lost-event-rows",
        about="Rows of venue_events are missing in the lake (F5).",
        script=damaged(lost_event_rows),
        needs=Set(endpoints=1),
    ),
    Scenario(name="lost-own-rows", about="Half of our outcomes and attempts are missing in the lake (F9).", script=damaged(lost_own_rows)),
    Scenario(name="lost-outbox", about="The outbox is deleted.", script=damaged(lost_outbox)),
    Scenario(name="hole-of-fifty", about="The outbox of an earlier version has a hole of 50 nonces (F2).", script=damaged(hole_of_fifty)),
    Scenario(
        name="garbage-outbox",
        about="The outbox is garbage: one line, and on when it is restored.",
        script=_refused_at_start(_garbage_outbox, _NOT_WRITABLE, _restored_outbox),
    ),
    Scenario(
        name="garbage-catalog",
        about="The lake's catalog is garbage: one line, and on when it is restored.",
        script=_refused_at_start(_garbage_catalog, ("no lake", "not a database", *_NOT_WRITABLE), _restored_catalog),
    ),
    Scenario(name="deleted-parquet", about="A Parquet file is gone: its rows are fetched again (F20).", script=damaged(deleted_parquet)),
    Scenario(name="garbage-parquet", about="A Parquet file is garbage: its rows are fetched again (F20).", script=damaged(garbage_parquet)),
    Scenario(name="full-disk", about="No file may grow any more: exit in one line, and on when there is room.", script=file_limit),
    Scenario(
        name="held-catalog",
        about="Another program holds the lake's catalog for a minute: nothing ends, nothing is lost.",
        script=held_catalog,
        slow=True,
    ),
    Scenario(name="read-only-lake", about="The lake's directory may not be written: exit in one line.", script=read_only_lake),
)
