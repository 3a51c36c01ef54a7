"""The outbox file: full disks, newer versions, foreign files, and the lock beside it."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from eth_account import Account

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Job, Part
from keeper.domain.chain import Address, BlockRef, Hash32, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.money import Usd18
from keeper.domain.use import NOTHING, Use
from keeper.errors import NonceConflict, StoreError
from keeper.execution.dispatcher import DispatcherOptions, TransactionDispatcher
from keeper.execution.key_lock import KeyLock, shared_folder
from keeper.execution.local_signer import LocalSigner
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import JobState, OutboxTransaction, Purpose
from keeper.execution.signer import Signed, Unsigned
from tests.keeper.execution.quiet_node import QuietNode, live

HASH = Hash32("0x" + "11" * 32)
BLOCK = BlockRef(5, HASH, HASH, Timestamp(1_700_000_000), 10**20)
TO = Address("0x" + "aa" * 20)


def job(name: str, calldata: bytes = b"\x01") -> Job:
    return Job((Part(CandidateId(name), "venue", AccountKey(name)),), BLOCK, TO, calldata, 100_000, 10**30)


def signed(nonce: int, fee: int = 10**20) -> Signed:
    unsigned = Unsigned(1, nonce, TO, b"\x01", 100_000, Fees(fee, fee))
    return Signed(unsigned, b"\x02raw", Hash32(f"0x{nonce:032x}{fee:032x}"))


def test_everything_comes_back_after_reopening(tmp_path: Path) -> None:
    """Amounts above 64 bits included."""
    path = tmp_path / "outbox.sqlite"
    with Outbox(path) as outbox:
        first = outbox.add(job("a"), signed(7), None, 5, 123)
        raised = OutboxTransaction(HASH, first.job_id, Purpose.JOB, 7, b"\x02more", Fees(2, 1), 21_000, first.hash, 124, 6)
        outbox.add_transaction(raised)
    with Outbox(path) as outbox:
        (slot,) = outbox.slots()
        assert slot.transactions == (first, raised)
        assert (slot.newest, slot.winner, slot.vacant) == (raised, None, False)
        assert slot.open_job is not None
        assert (slot.open_job.job, slot.open_job.state) == (job("a"), JobState.OPEN)
        assert slot.worst_cost_wei == 100_000 * 10**20
        assert outbox.next_nonce() == 8


def test_the_file_survives_power_cuts_by_its_settings(tmp_path: Path) -> None:
    """Every commit is synced: what was broadcast is never only in memory."""
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        assert outbox._connection is not None
        assert outbox._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert outbox._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_jobs_of_before_values_were_counted_come_back_without_one(tmp_path: Path) -> None:
    """An outbox of version 2, in use."""
    path = tmp_path / "outbox.sqlite"
    connection = sqlite3.connect(path)
    for name in ("outbox.sql", "outbox_2.sql"):
        connection.executescript(files("keeper.execution").joinpath(name).read_text())
    connection.execute("PRAGMA user_version = 2")
    columns = (1, "a", "venue", "a", 5, HASH, HASH, 1_700_000_000, str(10**20), TO, b"\x01", 100_000, str(10**30), 7, JobState.OPEN)
    marks = ", ".join("?" * len(columns))
    names = "id, candidate_id, venue, account, block_number, block_hash, block_parent_hash, block_timestamp, block_base_fee_wei, to_address"
    connection.execute(f"INSERT INTO jobs ({names}, calldata, gas_limit, budget_wei, nonce, state) VALUES ({marks})", columns)
    connection.commit()
    connection.close()
    with Outbox(path) as outbox:
        assert outbox.job(1).job == job("a")


def test_a_jobs_value_comes_back(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        row = outbox.add(replace(job("a"), value_wei=10**19), signed(7), None, 5, 123)
        assert outbox.job(row.job_id).job.value_wei == 10**19


def test_an_outbox_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    with Outbox(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="version 99, this program knows 4; use a newer perp-keeper"), Outbox(path):
        pass


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_text("not a database, but long enough to be looked at as one. " * 20)
    with pytest.raises(StoreError, match=r"keeper\.state_dir: .* cannot be used \(file is not a database\)"), Outbox(path):
        pass


def test_one_process_holds_the_key(tmp_path: Path) -> None:
    path = tmp_path / "key.lock"
    with (
        KeyLock(path),
        pytest.raises(NonceConflict, match=rf"another keeper \(process {os.getpid()}\) is using this key: it holds {path}"),
        KeyLock(path),
    ):
        pass
    with KeyLock(path):
        pass


def test_a_key_is_held_across_all_state_folders_of_the_machine(tmp_path: Path) -> None:
    """Two daemons in folders of their own would both send."""

    async def scenario() -> None:
        options = DispatcherOptions(chain_id=1, state_dir=tmp_path / "a", max_fee_cap_wei=1, spending_cap_wei_per_day=1)
        signer = LocalSigner(Account.from_key(b"\x01" * 32))
        async with TransactionDispatcher(options, signer, QuietNode()):
            with pytest.raises(NonceConflict, match=r"another keeper .* is using this key"):
                async with TransactionDispatcher(replace(options, state_dir=tmp_path / "b"), signer, QuietNode()):
                    pass
            async with TransactionDispatcher(replace(options, chain_id=2), signer, QuietNode()):
                pass

    live(scenario)


def test_a_shared_folder_somebody_else_may_write_to_is_refused(tmp_path: Path) -> None:
    assert shared_folder({"XDG_RUNTIME_DIR": str(tmp_path)}).stat().st_mode & 0o777 == 0o700
    (tmp_path / "perp-keeper").chmod(0o777)
    with pytest.raises(StoreError, match="only this user may write to"):
        shared_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    with pytest.raises(StoreError, match=r"keeper\.state_dir: .*cannot be written"), KeyLock(tmp_path / "state" / "key.lock"):
        pass


def test_a_full_disk_stops_before_anything_is_sent(tmp_path: Path) -> None:
    node = QuietNode()

    async def scenario() -> None:
        options = DispatcherOptions(chain_id=1, state_dir=tmp_path, max_fee_cap_wei=10**12, spending_cap_wei_per_day=10**30)
        async with TransactionDispatcher(options, LocalSigner(Account.from_key(b"\x01" * 32)), node) as dispatcher:
            await dispatcher.start()
            growing = tmp_path / f"outbox-1-{dispatcher.sender}.sqlite-wal"
            with _full_disk(growing), pytest.raises(StoreError, match=r"keeper\.state_dir"):
                await dispatcher.send(job("a", b"\x01" * 200_000), Fees(10**9, 10**9))
            assert node.sent == []
            assert dispatcher.open_accounts() == frozenset()
            assert await dispatcher.send(job("a"), Fees(10**9, 10**9))
            assert len(node.sent) == 1

    live(scenario)


@contextmanager
def _full_disk(growing: Path) -> Iterator[None]:
    """No file of this process may grow beyond what `growing` has now."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (growing.stat().st_size + 4096, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_job_comes_back_with_all_its_parts_in_their_order(tmp_path: Path) -> None:
    parts = tuple(Part(CandidateId(f"c{name}"), "venue", AccountKey(name), Use({"ETH": 10**20}, Usd18(7))) for name in ("b", "a", "c"))
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        row = outbox.add(Job(parts, BLOCK, TO, b"batch", 300_000, 10**30), signed(7), None, 5, 123)
        outbox.outbid("venue", AccountKey("a"), "0xthem")
    with Outbox(tmp_path / "outbox.sqlite") as outbox:
        assert outbox.job(row.job_id).job.parts == parts
        assert outbox.job(row.job_id).rivals == (None, "0xthem", None)
        assert outbox.in_flight() == {part.key: part.use for part in parts}
        assert outbox.open_gas() == 300_000
        assert outbox.candidate_of(row.hash, ("venue", AccountKey("c"))) == "cc"
        assert outbox.candidate_of(row.hash, ("venue", AccountKey("d"))) is None
        assert outbox.rival_of(row.hash, ("venue", AccountKey("a"))) == "0xthem"
        assert outbox.rival_of(row.hash, ("venue", AccountKey("b"))) is None
        assert [each.id for each in outbox.jobs_of(CandidateId("ca"))] == [row.job_id]
        outbox.give_up(row.job_id, "late")
        assert (outbox.in_flight(), outbox.open_gas()) == ({}, 0)


def test_an_outbox_of_before_batches_goes_on(tmp_path: Path) -> None:
    """Its jobs have one part each, of which nobody knows what it takes."""
    path = tmp_path / "outbox.sqlite"
    connection = sqlite3.connect(path)
    for name in ("outbox.sql", "outbox_2.sql"):
        connection.executescript(files("keeper.execution").joinpath(name).read_text())
    columns = (
        "candidate_id, venue, account, block_number, block_hash, block_parent_hash, block_timestamp, block_base_fee_wei, to_address, "
        "calldata, gas_limit, budget_wei, nonce, state, outbid_by"
    )
    for name, nonce, state, rival in (("a", 3, "reverted", "0xthem"), ("b", 4, "open", None)):
        values = (name, "venue", name, 5, HASH, HASH, 1_700_000_000, "7", TO, b"\x01", 100_000, str(10**30), nonce, state, rival)
        connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({', '.join('?' * len(values))})", values)
        connection.execute("INSERT INTO nonces (nonce) VALUES (?)", (nonce,))
        row = (f"0x{nonce:064x}", nonce - 2, "job", nonce, b"raw", "2", "1", 100_000, None, 9, 5, 0)
        connection.execute(f"INSERT INTO transactions VALUES ({', '.join('?' * len(row))})", row)
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    with Outbox(path) as outbox:
        first, second = (slot.jobs[0] for slot in outbox.slots())
        assert (first.rivals, first.state) == (("0xthem",), JobState.REVERTED)
        assert (second.job.parts, second.rivals) == ((Part(CandidateId("b"), "venue", AccountKey("b")),), (None,))
        assert second.job.block == replace(BLOCK, base_fee_wei=7)
        assert outbox.in_flight() == {("venue", "b"): NOTHING}
        assert outbox.candidate_of(Hash32(f"0x{3:064x}"), ("venue", AccountKey("a"))) == "a"
        outbox.add(job("c"), signed(5), None, 5, 123)
        assert outbox.in_flight().keys() == {("venue", "b"), ("venue", "c")}
