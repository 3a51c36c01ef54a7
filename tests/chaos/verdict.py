"""What became of a scenario, judged against the chain itself: by its blocks, receipts and the contracts' own views, on a connection of
its own, beside the lake's and the outbox's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from contracts.demo.ledger import Ledger
from contracts.devnet.rpc import Rpc
from tests.chaos import lake as lakes
from tests.chaos.ground import Ground
from tests.chaos.history import Mined, read_history
from tests.chaos.log import Log, topic_of

_LATE_BLOCKS = 3
"""Liquidatable for more blocks than these at the end counts as missed."""
_CURSOR_BLOCKS = 4
"""What the daemon may be behind when it is told to stop."""
_TABLES_OF_BLOCKS = (
    *("blocks", "venue_events", "market_state", "liquidations", "evaluations", "account_snapshots"),
    *("pool_ranges", "pool_states", "insurance_funds", "account_flows"),
)
_CONNECTIONS = 2
_MINED = ("included", "reverted", "outbid")


@dataclass
class Verdict:
    """The figures of a scenario, and in `words` what each one that is not 0 consists of."""

    missed: int = 0
    sent_twice: int = 0
    nonce_gaps: int = 0
    lost_rows: int = 0
    wrong_rows: int = 0
    above_cap: int = 0
    liquidated: int = 0
    reverted: int = 0
    first_block_share: float | None = None
    late_max: int = 0
    words: list[str] = field(default_factory=list)

    def note(self, kind: str, items: Sequence[object]) -> int:
        """How many; the first few are kept in words."""
        if items:
            self.words.append(f"{kind}: {len(items)}, e.g. {', '.join(str(item)[:160] for item in items[:3])}")
        return len(items)


class Judge:
    """Chain and lake side by side. `first` is the block from which lateness is judged."""

    def __init__(self, ground: Ground, lake: Path, state: Path) -> None:
        self._ground = ground
        self._url = ground.anvil.url
        self._lake = lake
        self._state = state
        self._verdict = Verdict()
        with Rpc(self._url) as rpc:
            self.history = read_history(rpc, ground)

    def verdict(self, *, cap_wei: int, reachable: bool, acting: bool, stopped_at: int, untold: frozenset[str]) -> Verdict:
        """Everything that can be judged when the run is over. `reachable`: a truthful endpoint was there at the end; `acting`: the
        daemon was to execute; `stopped_at`: the newest block when it was told to stop; `untold`: transactions whose attempts and outcomes
        nobody can know any more."""
        result = self._verdict
        history = self.history
        result.reverted = sum(not item.good for item in history.mined)
        if reachable and acting:
            result.missed = result.note("missed", self.missed(min(stopped_at or history.head, history.head)))
        result.sent_twice = result.note("sent twice", self._sent_twice())
        result.nonce_gaps = result.note("nonce gaps", self._nonce_gaps())
        spent = sum(item.cost_wei for item in (*history.mined, *history.transfers))
        result.above_cap = result.note("above cap", [f"{spent} wei of {cap_wei}"] if spent > cap_wei else [])
        self._compare_lake(stopped_at, untold)
        return result

    def missed(self, newest: int) -> list[str]:
        """Accounts that each of the blocks up to `newest`, one more than may be late, let anybody liquidate."""
        with Rpc(self._url) as rpc:
            blocks = [self._ground.due(rpc, hex(number)) for number in range(newest - _LATE_BLOCKS, newest + 1)]
        return sorted(frozenset.intersection(*blocks))

    def lateness(self, blocks: Sequence[int]) -> Mapping[int, list[int]]:
        """Blocks from the first one in which an account was liquidatable to its liquidation by us, by that first block."""
        ledger = self._ledger(blocks)
        late: dict[int, list[int]] = {}
        for account, numbers in self._liquidated().items():
            for number, lateness in zip(numbers, ledger.lateness({account: numbers}), strict=True):
                late.setdefault(number - lateness, []).append(lateness)
        return late

    def _ledger(self, blocks: Sequence[int]) -> Ledger:
        """Who was liquidatable at which of the blocks, asked of two connections at a time."""
        ledger = Ledger()
        shares = [blocks[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
        with ThreadPoolExecutor(_CONNECTIONS, "judge") as pool:
            for breaches in pool.map(self._breaches, shares):
                for block, accounts in breaches.items():
                    ledger.note(block, [account.lower() for account in accounts])
        return ledger

    def _breaches(self, blocks: Sequence[int]) -> Mapping[int, frozenset[str]]:
        with Rpc(self._url) as rpc:
            return {block: self._ground.breached(rpc, hex(block)) for block in blocks}

    def _liquidated(self) -> Mapping[str, list[int]]:
        """Blocks of our liquidations by account."""
        blocks: dict[str, list[int]] = {}
        for account, block, _ in sorted(self._our_liquidations()):
            blocks.setdefault(account, []).append(block)
        return {account: sorted(set(numbers)) for account, numbers in blocks.items()}

    def _our_liquidations(self) -> set[tuple[str, int, str]]:
        """(account, block, transaction) of our liquidations, from the chain's own events."""
        ours = {item.hash for item in self.history.mined}
        logs = [log for log in self._ground.liquidation_logs(self.history.logs) if log.transaction in ours]
        named = [(self._ground.liquidated(log), log) for log in logs]
        return {(account, log.block, log.transaction) for account, log in named if account is not None}

    def judge_lateness(self, first: int) -> None:
        """Into the verdict."""
        late = [each for items in self.lateness(range(first, self.history.head + 1)).values() for each in items]
        self._verdict.liquidated = len(late)
        self._verdict.late_max = max(late, default=0)
        self._verdict.first_block_share = round(sum(each == 0 for each in late) / len(late), 3) if late else None

    def _sent_twice(self) -> list[str]:
        """A candidate for which two transactions succeeded, by the lake's own names of candidates."""
        attempts = self._rows("SELECT candidate_id, transaction_hash FROM attempts")
        good = {item.hash for item in self.history.mined if item.good}
        count = Counter(
            row["candidate_id"]
            for row in {(r["candidate_id"], r["transaction_hash"]): r for r in attempts}.values()
            if row["transaction_hash"] in good
        )
        twice = [f"candidate {candidate}" for candidate, times in count.items() if times > 1]
        # By the chain alone: a second one for the same account is sent only once the first one's block is known.
        once = Counter((account, block) for account, block, _ in self._our_liquidations())
        return twice + [f"{account} in block {block}" for (account, block), times in once.items() if times > 1]

    def _nonce_gaps(self) -> list[str]:
        """Nonces that keep others from being mined: by the node's pool, and by what the outbox has signed."""
        operator = self._ground.deployment.keeper
        with Rpc(self._url) as rpc:
            count = int(rpc.call("eth_getTransactionCount", operator, "latest"), 16)
            pool = rpc.call("txpool_content")
        queued = [nonce for sender, items in pool["queued"].items() if sender.lower() == operator.lower() for nonce in items]
        pending = {int(nonce) for sender, items in pool["pending"].items() if sender.lower() == operator.lower() for nonce in items}
        signed = {nonce for (nonce,) in lakes.outbox_rows(self._state, "SELECT DISTINCT nonce FROM transactions WHERE nonce >= ?", count)}
        holes = [nonce for nonce in range(count, max(signed, default=count - 1) + 1) if nonce not in signed]
        return [
            *(f"queued behind a hole: {nonce}" for nonce in queued),
            *(f"never signed: {nonce}, above it are signed ones, the chain counts {count}" for nonce in holes),
            *(f"left in the pool: {nonce}" for nonce in sorted(pending)),
        ]

    def _compare_lake(self, stopped_at: int, untold: frozenset[str]) -> None:
        result = self._verdict
        cursor = (self._rows("SELECT max(block_number) AS last FROM cursors") or [{"last": None}])[0]["last"]
        if cursor is None:
            result.lost_rows += result.note("lost", ["the lake has no cursor"])
            return
        if cursor < stopped_at - _CURSOR_BLOCKS:
            result.lost_rows += result.note("lost", [f"cursor at {cursor}, the chain at {stopped_at}"])
        self._compare_blocks(cursor)
        self._compare_events(cursor)
        self._compare_liquidations(cursor)
        flows = set(map(topic_of, self._ground.flows))
        self._compare_table("account_flows", [log for log in self.history.logs if log.topic in flows], cursor)
        self._compare_ours(cursor, untold)
        differing = self._rows("SELECT account, block_number FROM account_snapshots WHERE NOT matches")
        result.wrong_rows += result.note("parity", differing)

    def _compare_blocks(self, cursor: int) -> None:
        result, history = self._verdict, self.history
        for table in _TABLES_OF_BLOCKS:
            placed = self._rows(f"SELECT DISTINCT block_number, block_hash FROM {table}")
            orphans = [
                row["block_number"] for row in placed if history.hashes.get(row["block_number"], row["block_hash"]) != row["block_hash"]
            ]
            result.wrong_rows += result.note(f"{table} of orphaned blocks", sorted(orphans))
        counted = Counter(row["block_number"] for row in self._rows("SELECT block_number FROM blocks"))
        result.wrong_rows += result.note("blocks twice", [number for number, times in counted.items() if times > 1])
        followed = self._first_followed()
        if followed is not None:
            missing = [number for number in range(followed, cursor + 1) if number not in counted]
            result.lost_rows += result.note("blocks lost", missing)

    def _first_followed(self) -> int | None:
        """The first block the daemon followed: history before it may have rows of blocks with logs only."""
        columns = {row["column_name"] for row in self._rows("DESCRIBE blocks")}
        where = "WHERE NOT recovered" if "recovered" in columns else ""
        first: int | None = self._rows(f"SELECT min(block_number) AS first FROM blocks {where}")[0]["first"]
        return first

    def _compare_events(self, cursor: int) -> None:
        result = self._verdict
        rows = self._rows("SELECT block_number, block_hash, log_index, transaction_hash FROM venue_events WHERE source = 'log'")
        listed = Counter((row["block_number"], row["log_index"]) for row in rows)
        there = {(log.block, log.index): log for log in self.history.logs}
        keys = sorted(key for key, log in there.items() if log.block <= cursor and key not in listed)
        result.lost_rows += result.note("venue_events lost (block, log)", keys)
        result.wrong_rows += result.note("venue_events twice", [key for key, times in listed.items() if times > 1])
        hashes = {key: log.transaction for key, log in there.items()}
        false = [
            (row["block_number"], row["log_index"])
            for row in rows
            if hashes.get((row["block_number"], row["log_index"]), row["transaction_hash"]) != row["transaction_hash"]
        ]
        result.wrong_rows += result.note("venue_events false", false)
        with Rpc(self._url) as rpc:
            unknown = sorted(key for key in listed if key not in there)
            result.wrong_rows += result.note("venue_events invented", _not_on_chain(rpc, self._ground.contracts, unknown))

    def _compare_liquidations(self, cursor: int) -> None:
        self._compare_table("liquidations", self._ground.liquidation_logs(self.history.logs), cursor)
        result = self._verdict
        ours = {item.hash for item in self.history.mined}
        rows = self._rows("SELECT transaction_hash, ours FROM liquidations")
        disowned = [row["transaction_hash"] for row in rows if row["ours"] != (row["transaction_hash"] in ours)]
        result.wrong_rows += result.note("liquidations wrongly (not) ours", disowned)

    def _compare_table(self, table: str, logs: Sequence[Log], cursor: int) -> None:
        """One row for each of these logs."""
        result = self._verdict
        there = {(log.transaction, log.index): log for log in logs}
        listed = Counter(
            (row["transaction_hash"], row["log_index"]) for row in self._rows(f"SELECT transaction_hash, log_index FROM {table}")
        )
        missing = [f"block {log.block}" for key, log in there.items() if log.block <= cursor and key not in listed]
        result.lost_rows += result.note(f"{table} lost", missing)
        result.wrong_rows += result.note(f"{table} twice", [key for key, times in listed.items() if times > 1])
        result.wrong_rows += result.note(f"{table} invented", [key for key in listed if key not in there])

    def _compare_ours(self, cursor: int, untold: frozenset[str]) -> None:
        result = self._verdict
        mined = {item.hash: item for item in self.history.mined}
        transfers = {item.hash: item for item in self.history.transfers}
        due = {key for key, item in mined.items() if item.block <= cursor} - untold
        due_transfers = {key for key, item in transfers.items() if item.block <= cursor} - untold
        # A transaction has a row for each candidate it was for.
        rows = self._rows("SELECT transaction_hash, candidate_id FROM attempts")
        attempts = Counter((row["transaction_hash"], row["candidate_id"]) for row in rows)
        sent = {name for name, _ in attempts}
        outcomes = self._rows("SELECT * FROM outcomes")
        told = Counter((row["transaction_hash"], row["candidate_id"]) for row in outcomes if row["outcome"] in _MINED)
        result.lost_rows += result.note("attempts lost", sorted((due | due_transfers) - sent))
        result.wrong_rows += result.note("attempts twice", [key for key, times in attempts.items() if times > 1])
        result.lost_rows += result.note("outcomes lost", sorted(due - {name for name, _ in told}))
        result.lost_rows += result.note("outcomes of transfers lost", sorted(due_transfers - {row["transaction_hash"] for row in outcomes}))
        result.wrong_rows += result.note("outcomes twice", [key for key, times in told.items() if times > 1])
        # A cancelled job is dropped, and its row names the transfer that took its place.
        false = [_false(row, mined | transfers if row["outcome"] in _MINED else mined) for row in outcomes]
        false += [_false_sum(name, item, outcomes) for name, item in (mined | transfers).items()]
        result.wrong_rows += result.note("outcomes false", [words for words in false if words])

    def _rows(self, sql: str) -> Sequence[Mapping[str, Any]]:
        return lakes.dictionaries(self._connection, sql) if lakes.exists(self._lake) else []

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """Opened once: that takes as long as some twenty questions."""
        return lakes.connect(self._lake)


def _false(row: Mapping[str, Any], mined: Mapping[str, Mined]) -> str | None:
    """What an outcome says that the chain does not."""
    item = mined.get(row["transaction_hash"])
    name = f"{row['outcome']} {row['transaction_hash']}"
    if row["outcome"] not in _MINED:
        return f"{name}, but it is in block {item.block}" if item is not None else None
    if item is None:
        return f"{name}, but it is in no block"
    # In a transaction that is good a plan may have failed by itself.
    if row["outcome"] == "included" and not item.good:
        return f"{name}, but its status is {item.good}"
    if row["block_hash"] != item.block_hash:
        return f"{name} in block {row['block_number']}, but it is in {item.block}"
    return None


def _false_sum(name: str, item: Mined, outcomes: Sequence[Mapping[str, Any]]) -> str | None:
    """What a transaction's rows together say of its gas, and the chain does not; none of them may be there yet."""
    rows = [row for row in outcomes if row["transaction_hash"] == name and row["block_hash"] == item.block_hash]
    gas_used, cost_wei = sum(row["gas_used"] for row in rows), sum(row["gas_cost_wei"] for row in rows)
    if not rows or (gas_used, cost_wei) == (item.gas_used, item.cost_wei):
        return None
    return f"{name}: gas {gas_used}, {cost_wei} wei, but {item.gas_used}, {item.cost_wei} wei"


def _not_on_chain(rpc: Rpc, contracts: frozenset[str], places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those (block, log index) at which the chain has no log of the venue at all."""
    numbers = sorted({block for block, _ in places})
    listed = rpc.batch([("eth_getBlockReceipts", [hex(number)]) for number in numbers])
    there = {
        (number, int(log["logIndex"], 16))
        for number, receipts in zip(numbers, listed, strict=True)
        for receipt in receipts or ()
        for log in receipt["logs"]
        if log["address"].lower() in contracts
    }
    return [place for place in places if place not in there]
