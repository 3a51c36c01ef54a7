"""What a restarted daemon needs back from the lake: where it was, which blocks may still be replaced, and the events in order."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from keeper.domain.account import AccountRef
from keeper.domain.attempt import Payment
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.records import MicroTime
from keeper.domain.result import Result, change_of
from keeper.lake.faults import translated

_BLOCKS_PER_QUERY = 50_000
"""Bounds the sort, and with it memory, however long the history is."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """`cursor` is the last committed block, None for a new lake; `unfinalised` the last blocks up to it, oldest first."""

    cursor: BlockRef | None
    unfinalised: tuple[BlockRef, ...]


@dataclass(frozen=True, slots=True)
class RecordedBlocks:
    """`newest` is the highest number in blocks, None without rows; `followed` whether any of them was followed as it came."""

    newest: int | None
    followed: bool


def blocks(connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int) -> RecordedBlocks:
    """What the lake holds of blocks. Raises StoreError."""
    query = "SELECT max(block_number), coalesce(bool_or(NOT coalesce(recovered, false)), false) FROM blocks WHERE chain_id = $chain"
    with translated(lake, "read"):
        newest, followed = connection.execute(query, {"chain": chain_id}).fetchall()[0]
    return RecordedBlocks(newest, followed)


def candidate_of(
    connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, transaction: Hash32, account: AccountRef
) -> CandidateId | None:
    """The candidate of a recorded attempt, by the account it was for. Raises StoreError."""
    query = """
        SELECT candidate_id FROM attempts
        WHERE chain_id = $chain AND transaction_hash = $hash AND venue = $venue AND account = $account LIMIT 1
    """
    venue, key = account
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "hash": transaction, "venue": venue, "account": key}).fetchall()
    return CandidateId(rows[0][0]) if rows else None


def recovered(connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, venue: str, finality_depth: int) -> Recovered:
    """The venue's cursor and its committed blocks above `cursor.number - finality_depth`. Raises StoreError."""
    query = """
        SELECT block_number, block_hash, parent_hash, epoch(block_time)::BIGINT, base_fee_wei FROM cursors
        WHERE chain_id = $chain AND venue = $venue
          AND block_number >= (SELECT max(block_number) FROM cursors WHERE chain_id = $chain AND venue = $venue) - $depth
        ORDER BY block_number
    """
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "venue": venue, "depth": finality_depth}).fetchall()
    blocks = tuple(
        BlockRef(number, Hash32(hash_), Hash32(parent), Timestamp(time), int(base_fee)) for number, hash_, parent, time, base_fee in rows
    )
    if not blocks:
        return Recovered(None, ())
    cursor = blocks[-1]
    return Recovered(cursor, tuple(block for block in blocks if block.number > cursor.number - finality_depth))


def venue_events(
    connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, venue: str, after: int, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows of venue_events above block `after`, ordered by block and position, in batches. Raises StoreError."""
    values: dict[str, object] = {"chain": chain_id, "venue": venue}
    with translated(lake, "read"):
        span = "SELECT min(block_number), max(block_number) FROM venue_events WHERE chain_id = $chain AND venue = $venue"
        lowest, highest = connection.execute(f"{span} AND block_number > $after", values | {"after": after}).fetchall()[0]
        if highest is None:
            return
        for first in range(lowest, highest + 1, _BLOCKS_PER_QUERY):
            bounds = {"first": first, "last": first + _BLOCKS_PER_QUERY - 1}
            ordered = connection.execute(
                "SELECT * FROM venue_events WHERE chain_id = $chain AND venue = $venue AND block_number BETWEEN $first AND $last "
                "ORDER BY block_number, position",
                values | bounds,
            )
            yield from ordered.to_arrow_reader(batch_rows)


@dataclass(frozen=True, slots=True)
class RecordedOutcome:
    """One row of outcomes, as far as it says which fate of which transaction it is."""

    candidate_id: CandidateId
    transaction_hash: Hash32
    outcome: str
    block_number: int
    block_hash: Hash32


def recorded_attempts(
    connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, transactions: Collection[Hash32]
) -> frozenset[Hash32]:
    """Those of `transactions` that have a row in attempts. Raises StoreError."""
    query = "SELECT transaction_hash FROM attempts WHERE chain_id = $chain AND list_contains($hashes, transaction_hash)"
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "hashes": list(transactions)}).fetchall() if transactions else []
    return frozenset(Hash32(name) for (name,) in rows)


def recorded_outcomes(
    connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, candidates: Collection[CandidateId]
) -> tuple[RecordedOutcome, ...]:
    """The rows of outcomes about these candidates. Raises StoreError."""
    query = """
        SELECT candidate_id, transaction_hash, outcome, block_number, block_hash FROM outcomes
        WHERE chain_id = $chain AND list_contains($candidates, candidate_id)
    """
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "candidates": list(candidates)}).fetchall() if candidates else []
    return tuple(
        RecordedOutcome(CandidateId(candidate), Hash32(name), outcome, number, Hash32(block_hash))
        for candidate, name, outcome, number, block_hash in rows
    )


def last_match(connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, venue: str, accounts: Collection[str]) -> int | None:
    """The newest block at which each account equalled the contract's figures, the oldest of these; None when one never did. A verdict that
    agrees does not prove a margin."""
    query = """
        SELECT account, max(block_number) FROM account_snapshots
        WHERE chain_id = $chain AND venue = $venue AND matches AND chain_verdict IS NULL
          AND list_contains($accounts, account)
        GROUP BY account
    """
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "venue": venue, "accounts": list(accounts)}).fetchall()
    return min(number for _, number in rows) if rows and len(rows) == len(set(accounts)) else None


def payments(connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, sender: str, since_us: int) -> tuple[Payment, ...]:
    """What transactions of `sender` sent since then have cost, once each. Raises StoreError."""
    query = """
        WITH signed AS (
            SELECT transaction_hash, min(epoch_us(sent_at)) AS sent_us FROM attempts
            WHERE chain_id = $chain AND sender = $sender GROUP BY transaction_hash
        ),
        -- A transaction for several candidates has a row for each, with its share of the cost.
        paid AS (
            SELECT DISTINCT nonce, transaction_hash, block_number, block_hash, candidate_id, gas_cost_wei FROM outcomes
            WHERE chain_id = $chain AND gas_cost_wei > 0
        )
        SELECT nonce, transaction_hash, block_number, block_hash, sum(gas_cost_wei), sent_us
        FROM paid JOIN signed USING (transaction_hash)
        WHERE sent_us >= $since
        GROUP BY ALL ORDER BY nonce
    """
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "sender": sender, "since": since_us}).fetchall()
    return tuple(Payment(nonce, Hash32(name), number, Hash32(block), cost, paid_at) for nonce, name, number, block, cost, paid_at in rows)


def results(connection: duckdb.DuckDBPyConnection, lake: str, chain_id: int, senders: Collection[str], since_us: int) -> tuple[Result, ...]:
    """What transactions of these senders sent since then came to, once for each and block, in the order of blocks. Raises StoreError."""
    query = """
        SELECT o.block_number, o.transaction_hash, o.candidate_id, o.outcome, o.block_hash, o.profit_raw, o.tokens_value_usd,
            o.gas_cost_usd, min(epoch_us(a.sent_at))
        FROM outcomes AS o JOIN attempts AS a ON a.chain_id = o.chain_id AND a.transaction_hash = o.transaction_hash
        WHERE o.chain_id = $chain AND list_contains($senders, a.sender) AND epoch_us(a.sent_at) >= $since
        GROUP BY ALL ORDER BY o.block_number
    """
    with translated(lake, "read"):
        rows = connection.execute(query, {"chain": chain_id, "senders": list(senders), "since": since_us}).fetchall()
    return tuple(
        Result(Hash32(name), CandidateId(candidate), outcome, Hash32(block), change_of(profit_raw, tokens_usd, gas_usd), MicroTime(at_us))
        for _, name, candidate, outcome, block, profit_raw, tokens_usd, gas_usd, at_us in rows
    )
