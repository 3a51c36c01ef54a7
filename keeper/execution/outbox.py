"""What must survive before a transaction is broadcast: SQLite, in WAL mode, every commit on the disk before it returns.

A nonce is the unit: several transactions may be signed for one (a raised fee, a cancellation, another job taking it over), the chain
takes at most one of them. A job belongs to the nonce of its newest transaction."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Decided, Job, Part, Payment
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.use import NOTHING, Use
from keeper.errors import StoreError
from keeper.execution.outbox_rows import UNDECIDED, JobState, NonceSlot, OutboxJob, OutboxTransaction, Purpose
from keeper.execution.signer import Signed

_SCHEMAS = ("outbox.sql", "outbox_2.sql", "outbox_3.sql", "outbox_4.sql")
"""What leads from each version to the next."""
_JOB_COLUMNS = (
    "block_number, block_hash, block_parent_hash, block_timestamp, block_base_fee_wei, to_address, calldata, gas_limit, budget_wei, "
    "value_wei"
)
_PART_COLUMNS = "candidate_id, venue, account, uses"
_TRANSACTION_COLUMNS = "hash, job_id, purpose, nonce, raw, max_fee_wei, priority_fee_wei, gas_limit, replaces, signed_at_us, head_number"


class Outbox:
    """The file. A context manager; every method is one transaction, unless it is called inside `transaction`.

    Any fault of SQLite is a StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Raises StoreError: not writable, no outbox, or one of a newer version."""
        with self._translated():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 2000"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._migrate(self._connection)
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def add(self, job: Job, signed: Signed, replaces: Hash32 | None, head_number: int, now_us: int) -> OutboxTransaction:
        """A new job with its first transaction, before anybody hears of it."""
        with self._write() as connection:
            values = (
                *(job.block.number, job.block.hash, job.block.parent_hash),
                *(job.block.timestamp, str(job.block.base_fee_wei), job.to, job.calldata, job.gas_limit, str(job.budget_wei)),
                *(str(job.value_wei), signed.unsigned.nonce, JobState.OPEN),
            )
            marks = ", ".join("?" * len(values))
            cursor = connection.execute(f"INSERT INTO jobs ({_JOB_COLUMNS}, nonce, state) VALUES ({marks})", values)  # noqa: S608
            job_id = cursor.lastrowid
            if job_id is None:
                raise StoreError(f"{self._path}: a row without id")
            self._insert_parts(connection, job_id, job.parts)
            row = OutboxTransaction(
                *(signed.hash, job_id, Purpose.JOB, signed.unsigned.nonce, signed.raw, signed.unsigned.fees),
                *(signed.unsigned.gas_limit, replaces, now_us, head_number),
            )
            self._insert(connection, row)
        return row

    def add_transaction(self, row: OutboxTransaction) -> None:
        """Another transaction of a known job: a raised fee, a cancellation, or the job moved to another nonce."""
        with self._write() as connection:
            self._insert(connection, row)
            if row.purpose is Purpose.JOB:
                connection.execute("UPDATE jobs SET nonce = ? WHERE id = ?", (row.nonce, row.job_id))

    def give_up(self, job_id: int, reason: str) -> None:
        """The nonce is for whoever needs it."""
        with self._write() as connection:
            connection.execute("UPDATE jobs SET state = ?, reason = ? WHERE id = ?", (JobState.GIVEN_UP, reason, job_id))

    def drop(self, job_id: int, reason: str) -> None:
        """The job has its outcome, and no block has to do with it."""
        with self._write() as connection:
            connection.execute("UPDATE jobs SET state = ?, reason = ?, reported = 0 WHERE id = ?", (JobState.DROPPED, reason, job_id))

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        """Somebody else liquidated the account. A revert of the same block is known already by the time this is."""
        undecided = "state IN (?, ?) OR (state IN (?, ?) AND reported = 0)"
        states = (JobState.OPEN, JobState.GIVEN_UP, JobState.REVERTED, JobState.INCLUDED)
        with self._write() as connection:
            connection.execute(
                f"UPDATE parts SET outbid_by = ? WHERE venue = ? AND account = ? AND job_id IN (SELECT id FROM jobs WHERE {undecided})",  # noqa: S608
                (liquidator, venue, account, *states),
            )

    def settle(self, winner: OutboxTransaction, block: BlockRef, cost_wei: int, now_us: int, jobs: Sequence[tuple[int, JobState]]) -> None:
        """A block has taken one of a nonce's transactions; `jobs` get their outcome by it."""
        with self._write() as connection:
            connection.execute(
                "UPDATE nonces SET winner = ?, block_number = ?, block_hash = ?, cost_wei = ?, paid_at_us = ? WHERE nonce = ?",
                (winner.hash, block.number, block.hash, str(cost_wei), now_us, winner.nonce),
            )
            for job_id, state in jobs:
                connection.execute("UPDATE jobs SET state = ?, reported = 0 WHERE id = ?", (state, job_id))

    def lose(self, nonce: int, reason: str) -> None:
        """The nonce was used by a transaction that is not ours: nothing of it can be mined any more."""
        with self._write() as connection:
            connection.execute("INSERT INTO nonces (nonce, final) VALUES (?, 1) ON CONFLICT DO UPDATE SET final = 1", (nonce,))
            connection.execute(
                "UPDATE jobs SET state = ?, reason = ?, reported = 0 WHERE nonce = ? AND state IN (?, ?)",
                (JobState.DROPPED, reason, nonce, JobState.OPEN, JobState.GIVEN_UP),
            )

    def regain(self, used: int) -> None:
        """The chain has used no nonce from `used` on: those taken for lost were not."""
        condition = "final = 1 AND winner IS NULL AND nonce >= ?"
        with self._write() as connection:
            connection.execute(f"DELETE FROM nonces WHERE {condition} AND nonce NOT IN (SELECT nonce FROM transactions)", (used,))  # noqa: S608
            connection.execute(f"UPDATE nonces SET final = 0 WHERE {condition}", (used,))  # noqa: S608

    def reopen(self, nonce: int, head_number: int) -> None:
        """The block that had taken a transaction of this nonce is gone: as before, and patience starts anew."""
        with self._write() as connection:
            self._reopen(connection, nonce)
            connection.execute("UPDATE transactions SET head_number = ? WHERE nonce = ?", (head_number, nonce))

    def finalise(self, nonce: int) -> None:
        """What stands in a block at this nonce will not be reverted."""
        with self._write() as connection:
            connection.execute("UPDATE nonces SET final = 1 WHERE nonce = ?", (nonce,))

    def acknowledge_attempts(self, transactions: Iterable[Hash32]) -> None:
        """The lake has their rows of attempts."""
        with self._write() as connection:
            connection.executemany("UPDATE transactions SET reported = 1 WHERE hash = ?", [(name,) for name in transactions])

    def acknowledge_outcome(self, transaction: Hash32, block: Hash32 | None) -> None:
        """The lake has the outcome of the transaction's job. One that a block decided counts only while it is this very block."""
        with self._write() as connection:
            connection.execute(
                "UPDATE jobs SET reported = 1 WHERE id = (SELECT job_id FROM transactions WHERE hash = ?) AND "
                "(state = ? OR ? = (SELECT block_hash FROM nonces WHERE nonces.nonce = jobs.nonce))",
                (transaction, JobState.DROPPED, block),
            )

    def tell_again(self, job_ids: Iterable[int]) -> None:
        """The lake lacks these outcomes."""
        with self._write() as connection:
            connection.executemany("UPDATE jobs SET reported = 0 WHERE id = ?", [(job_id,) for job_id in job_ids])
            connection.execute(
                "UPDATE nonces SET final = 0 WHERE winner IS NOT NULL AND nonce IN (SELECT nonce FROM jobs WHERE reported = 0)"
            )

    def dropped_untold(self) -> tuple[OutboxJob, ...]:
        """Jobs dropped whose outcome the lake is not known to have."""
        with self._read() as connection:
            return self._jobs(connection, "reported = 0 AND state = ?", JobState.DROPPED)

    def signed_since(self, since_us: int) -> tuple[tuple[OutboxJob, OutboxTransaction], ...]:
        """Every transaction signed since then, and earlier ones whose row the lake was not known to have, with their jobs."""
        with self._read() as connection:
            transactions = self._transactions(connection, "reported = 0 OR signed_at_us >= ?", since_us)
            jobs = {
                job.id: job for job in self._jobs(connection, "id IN (SELECT job_id FROM transactions WHERE signed_at_us >= ?)", since_us)
            }
            jobs |= {job.id: job for job in self._jobs(connection, "id IN (SELECT job_id FROM transactions WHERE reported = ?)", 0)}
        return tuple((jobs[each.job_id], each) for each in transactions)

    def decided_since(self, since_us: int) -> tuple[Decided, ...]:
        """Every job decided whose transactions were signed since then, and earlier ones whose row the lake was not known to have."""
        with self._read() as connection:
            recent = (
                "(reported = 0 OR id IN (SELECT job_id FROM transactions WHERE signed_at_us >= ?)) AND state NOT IN ('open', 'given up')"
            )
            jobs = self._jobs(connection, recent, since_us)
            query = "SELECT nonce, winner, block_hash FROM nonces WHERE winner IS NOT NULL"
            winners = {nonce: (winner, block_hash) for nonce, winner, block_hash in connection.execute(query)}
            hashes = {job.id: frozenset(each.hash for each in self._transactions(connection, "job_id = ?", job.id)) for job in jobs}
        return tuple(Decided(job.id, _candidates(job), hashes[job.id], *winners.get(job.nonce, (None, None))) for job in jobs)

    def job(self, job_id: int) -> OutboxJob:
        """The job of that id."""
        with self._read() as connection:
            return self._jobs(connection, "id = ?", job_id)[0]

    def newest_transaction(self, job: OutboxJob) -> OutboxTransaction:
        """The one signed last for the job."""
        with self._read() as connection:
            return self._transactions(connection, "job_id = ?", job.id)[-1]

    def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
        """Who liquidated an account before a transaction for it could."""
        return self._of_part("outbid_by", transaction, account)

    def slots(self) -> tuple[NonceSlot, ...]:
        """Every nonce that is not final, in order."""
        watched = "nonce IN (SELECT nonce FROM nonces WHERE final = ?)"
        with self._read() as connection:
            rows = connection.execute(
                "SELECT nonce, winner, block_number, block_hash FROM nonces WHERE final = 0 ORDER BY nonce"
            ).fetchall()
            transactions: defaultdict[int, list[OutboxTransaction]] = defaultdict(list)
            for transaction in self._transactions(connection, watched, 0):
                transactions[transaction.nonce].append(transaction)
            jobs: defaultdict[int, list[OutboxJob]] = defaultdict(list)
            for job in self._jobs(connection, watched, 0):
                jobs[job.nonce].append(job)
        return tuple(
            NonceSlot(nonce, tuple(transactions[nonce]), tuple(jobs[nonce]), winner, number, block_hash)
            for nonce, winner, number, block_hash in rows
        )

    def jobs_of(self, candidate_id: CandidateId) -> tuple[OutboxJob, ...]:
        """All jobs a candidate ever had."""
        with self._read() as connection:
            return self._jobs(connection, "id IN (SELECT job_id FROM parts WHERE candidate_id = ?)", candidate_id)

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate that a transaction is for by this account; None where this outbox has none."""
        candidate = self._of_part("candidate_id", transaction, account)
        return None if candidate is None else CandidateId(candidate)

    def next_nonce(self) -> int:
        """One above the highest nonce ever signed for; 0 when there is none."""
        with self._read() as connection:
            (highest,) = connection.execute("SELECT max(nonce) FROM nonces").fetchone()
            return 0 if highest is None else highest + 1

    def proven(self) -> int | None:
        """One above the highest nonce of ours that stands in a block; None when none does."""
        with self._read() as connection:
            (highest,) = connection.execute("SELECT max(nonce) FROM nonces WHERE winner IS NOT NULL").fetchone()
            return None if highest is None else highest + 1

    def lowest(self) -> int:
        """The lowest nonce this outbox knows of; 0 when it is new."""
        with self._read() as connection:
            (nonce,) = connection.execute("SELECT min(nonce) FROM nonces").fetchone()
            return nonce or 0

    def first_unsigned(self, lowest: int) -> int:
        """The lowest nonce from `lowest` on for which nothing was signed."""
        with self._read() as connection:
            for (nonce,) in connection.execute("SELECT nonce FROM nonces WHERE nonce >= ? ORDER BY nonce", (lowest,)):
                if nonce != lowest:
                    break
                lowest += 1
        return lowest

    def newest_block(self) -> int:
        """The highest block this outbox has heard of; 0 when it is new."""
        with self._read() as connection:
            query = (
                "SELECT max(number) FROM (SELECT max(head_number) AS number FROM transactions UNION SELECT max(block_number) FROM nonces)"
            )
            (number,) = connection.execute(query).fetchone()
            return number or 0

    def in_flight(self) -> Mapping[AccountRef, Use]:
        """What the plans of the open jobs take, by venue and account."""
        query = "SELECT venue, account, uses FROM parts WHERE job_id IN (SELECT id FROM jobs WHERE state = ?)"
        with self._read() as connection:
            rows = connection.execute(query, (JobState.OPEN,)).fetchall()
        return {(venue, AccountKey(account)): _use(uses) for venue, account, uses in rows}

    def open_gas(self) -> int:
        """The gas limits of the open jobs, together."""
        with self._read() as connection:
            (gas,) = connection.execute("SELECT sum(gas_limit) FROM jobs WHERE state = ?", (JobState.OPEN,)).fetchone()
        return gas or 0

    def concerns(self, job: Job) -> bool:
        """True when a candidate of `job` is included, or an attempt on one of its accounts may still be mined."""
        done = "(candidate_id = ? AND state = ?) OR (venue = ? AND account = ? AND state IN (?, ?))"
        query = f"SELECT 1 FROM parts JOIN jobs ON jobs.id = job_id WHERE {done} LIMIT 1"  # noqa: S608 (our own)
        values = [(part.candidate_id, JobState.INCLUDED, *part.key, *UNDECIDED) for part in job.parts]
        with self._read() as connection:
            return any(connection.execute(query, each).fetchone() is not None for each in values)

    def has_signed(self, transaction: Hash32) -> bool:
        """Whether the transaction is one of this outbox."""
        with self._read() as connection:
            return connection.execute("SELECT 1 FROM transactions WHERE hash = ?", (transaction,)).fetchone() is not None

    def is_new(self) -> bool:
        """True while nothing was ever signed."""
        with self._read() as connection:
            return connection.execute("SELECT 1 FROM nonces LIMIT 1").fetchone() is None

    def remember(self, payments: Iterable[Payment]) -> None:
        """Mined transactions of before this outbox."""
        columns = "nonce, winner, block_number, block_hash, cost_wei, paid_at_us, final"
        with self._write() as connection:
            connection.executemany(
                f"INSERT INTO nonces ({columns}) VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",  # noqa: S608 (our own names)
                [(p.nonce, p.transaction_hash, p.block_number, p.block_hash, str(p.cost_wei), p.paid_at_us) for p in payments],
            )

    def paid_since(self, since_us: int) -> int:
        """Wei paid by transactions mined since then."""
        with self._read() as connection:
            rows = connection.execute("SELECT cost_wei FROM nonces WHERE paid_at_us >= ?", (since_us,)).fetchall()
            return sum(int(cost) for (cost,) in rows)

    def paid_for(self, account: AccountRef, since_us: int) -> int:
        """The same by transactions that were for the account, all of it, cancellations included. What was paid before has no account."""
        query = """
            SELECT cost_wei FROM nonces JOIN transactions ON hash = winner JOIN parts ON parts.job_id = transactions.job_id
            WHERE paid_at_us >= ? AND venue = ? AND account = ?
        """
        with self._read() as connection:
            return sum(int(cost) for (cost,) in connection.execute(query, (since_us, *account)))

    @staticmethod
    def _insert(connection: sqlite3.Connection, row: OutboxTransaction) -> None:
        connection.execute("INSERT INTO nonces (nonce) VALUES (?) ON CONFLICT DO NOTHING", (row.nonce,))
        connection.execute(
            f"INSERT INTO transactions ({_TRANSACTION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (our own names)
            (
                *(row.hash, row.job_id, row.purpose, row.nonce, row.raw, str(row.fees.max_fee_wei), str(row.fees.priority_fee_wei)),
                *(row.gas_limit, row.replaces, row.signed_at_us, row.head_number),
            ),
        )

    @staticmethod
    def _insert_parts(connection: sqlite3.Connection, job_id: int, parts: Sequence[Part]) -> None:
        rows = [(job_id, position, part.candidate_id, part.venue, part.account, part.use.to_json()) for position, part in enumerate(parts)]
        connection.executemany(f"INSERT INTO parts (job_id, position, {_PART_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)  # noqa: S608

    def _of_part(self, column: str, transaction: Hash32, account: AccountRef) -> str | None:
        query = (
            f"SELECT {column} FROM parts JOIN transactions ON parts.job_id = transactions.job_id "  # noqa: S608 (our own names)
            "WHERE hash = ? AND venue = ? AND account = ?"
        )
        with self._read() as connection:
            row = connection.execute(query, (transaction, *account)).fetchone()
        return None if row is None else row[0]

    @staticmethod
    def _reopen(connection: sqlite3.Connection, nonce: int) -> None:
        clear = (
            "UPDATE nonces SET winner = NULL, block_number = NULL, block_hash = NULL, cost_wei = NULL, paid_at_us = NULL WHERE nonce = ?"
        )
        connection.execute(clear, (nonce,))
        back = "UPDATE jobs SET state = ?, reported = 1 WHERE nonce = ? AND state IN (?, ?)"
        connection.execute(back, (JobState.OPEN, nonce, JobState.INCLUDED, JobState.REVERTED))
        connection.execute(back, (JobState.GIVEN_UP, nonce, JobState.SUPERSEDED, JobState.SUPERSEDED))

    @staticmethod
    def _transactions(connection: sqlite3.Connection, condition: str, value: int) -> tuple[OutboxTransaction, ...]:
        query = f"SELECT {_TRANSACTION_COLUMNS} FROM transactions WHERE {condition} ORDER BY rowid"  # noqa: S608
        rows = connection.execute(query, (value,)).fetchall()
        return tuple(
            OutboxTransaction(tx_hash, job_id, Purpose(purpose), at, raw, Fees(int(max_fee), int(tip)), gas, replaces, signed_at, head)
            for tx_hash, job_id, purpose, at, raw, max_fee, tip, gas, replaces, signed_at, head in rows
        )

    @staticmethod
    def _jobs(connection: sqlite3.Connection, condition: str, value: int | str) -> tuple[OutboxJob, ...]:
        columns = f"id, {_JOB_COLUMNS}, nonce, state, reason, reported"
        rows = connection.execute(f"SELECT {columns} FROM jobs WHERE {condition} ORDER BY id", (value,)).fetchall()  # noqa: S608
        query = f"SELECT job_id, {_PART_COLUMNS}, outbid_by FROM parts WHERE job_id IN (SELECT id FROM jobs WHERE {condition})"  # noqa: S608
        parts: defaultdict[int, list[Sequence[Any]]] = defaultdict(list)
        for job_id, *part in connection.execute(f"{query} ORDER BY job_id, position", (value,)):
            parts[job_id].append(part)
        return tuple(_job(row, parts[row[0]]) for row in rows)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(_SCHEMAS):
            raise StoreError(
                f"{self._path}: the outbox is of version {version}, this program knows {len(_SCHEMAS)}; use a newer perp-keeper"
            )
        for number, name in enumerate(_SCHEMAS[version:], version + 1):
            schema = files("keeper.execution").joinpath(name).read_text()
            connection.executescript(f"BEGIN;{schema}PRAGMA user_version = {number};COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside, on the disk once, at the end."""
        with self._write():
            yield

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._read() as connection:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        if self._connection is None:
            raise StoreError(f"{self._path}: the outbox is closed")
        with self._translated():
            yield self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"keeper.state_dir: {self._path} cannot be used ({error}); free space, or restore the file") from error


def _roll_back(connection: sqlite3.Connection) -> None:
    # After some faults (a full disk) SQLite has done it already.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _job(row: Sequence[Any], parts: Sequence[Sequence[Any]]) -> OutboxJob:
    number, block_hash, parent, timestamp, base_fee, to, calldata, gas_limit, budget, value = row[1:11]
    job = Job(
        parts=tuple(Part(CandidateId(candidate), venue, AccountKey(account), _use(uses)) for candidate, venue, account, uses, _ in parts),
        block=BlockRef(number, Hash32(block_hash), Hash32(parent), Timestamp(timestamp), int(base_fee)),
        to=to,
        calldata=calldata,
        gas_limit=gas_limit,
        budget_wei=int(budget),
        value_wei=int(value),
    )
    nonce, state, reason, reported = row[11:]
    return OutboxJob(row[0], job, nonce, JobState(state), reason, tuple(rival for *_, rival in parts), bool(reported))


def _use(text: str | None) -> Use:
    return NOTHING if text is None else Use.of_json(text)


def _candidates(job: OutboxJob) -> tuple[CandidateId, ...]:
    return tuple(part.candidate_id for part in job.job.parts)
