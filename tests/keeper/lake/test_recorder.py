"""What is handed to the recorder is in the lake, once, in whole blocks; what cannot be written stops the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.records import MicroTime, Record, raw
from keeper.domain.result import result_of
from keeper.errors import StoreError
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Commit, Recorder
from keeper.lake.write_turn import write_turn
from tests.keeper.lake.conftest import Rows
from tests.keeper.lake.one_chain import OneChain

AA = Hash32("0xaa")


class _Open(Protocol):
    def __call__(self, **changes: Any) -> OneChain: ...


class _Ask(Protocol):
    def __call__(self, sql: str) -> list[tuple[Any, ...]]: ...


def test_the_connection_is_renewed_now_and_then(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """With reverts before and after; readers of the recorder's own see both sides."""
    written = recorder(commits_per_connection=2)
    for number in range(1, 8):
        block = rows.block(number)
        written.block(block, [rows.head(block), rows.attempt(block, f"0x{number:x}")])
        written.flush()
    written.revert([rows.block(7)])
    other = rows.block(7, "b")
    written.block(other, [rows.head(other)])
    written.flush()
    assert ask("SELECT block_hash FROM blocks ORDER BY block_number") == [(f"0x{n:x}",) for n in range(1, 7)] + [("0x7b",)]
    assert written.recorded_attempts([Hash32("0x1"), Hash32("0x7"), Hash32("0x9")]) == {"0x1", "0x7"}


def test_rows_come_back_as_they_went_in(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """Times to the microsecond, empty fields, integers beyond 128 bits."""
    block = rows.block(5)
    written = recorder()
    written.block(block, [rows.head(block), rows.decision(block), rows.outcome(block, "0xaa")])
    written.flush()
    times = "epoch_us(received_at), epoch(block_time)::BIGINT"
    assert ask(f"SELECT {times}, watched FROM blocks") == [(1_700_000_000_123_456, 1_700_000_010, 120)]
    assert ask("SELECT reason, detail, size_raw, epoch_us(decided_at) FROM decisions") == [("stale", None, None, 1_700_000_000_000_001)]
    assert ask("SELECT profit_raw, profit_usd, gas_cost_wei FROM outcomes") == [(str(10**60 + 1), 1e42, 9 * 10**15)]


def test_a_block_and_its_cursor_are_one_commit(recorder: _Open, rows: Rows) -> None:
    """The cursor is the last block handed over, with all a follower needs to go on."""
    written = recorder()
    assert written.recovered("perp_v2", 5).cursor is None
    for number in range(10):
        written.block(rows.block(number), [rows.event(rows.block(number))])
    written.flush()
    found = written.recovered("perp_v2", 3)
    assert found.cursor == rows.block(9)
    assert found.unfinalised == (rows.block(7), rows.block(8), rows.block(9))


def test_a_restart_finds_everything_and_a_block_told_twice_is_written_once(options: LakeOptions, rows: Rows, ask: _Ask) -> None:
    """A crash between commit and acknowledgement makes the daemon tell a block again."""
    for _ in range(2):
        with OneChain(options, 31337, ["perp_v2"]) as written:
            written.block(rows.block(1), [rows.event(rows.block(1), position) for position in range(3)])
    with OneChain(options, 31337, ["perp_v2"]) as written:
        assert written.recovered("perp_v2", 5).cursor == rows.block(1)
    assert ask("SELECT count(*) FROM venue_events") == [(3,)]
    assert ask("SELECT count(*) FROM cursors") == [(1,)]


def test_events_come_back_in_order_and_in_batches(recorder: _Open, rows: Rows) -> None:
    """By block, then position, whatever the order of writing; one venue only; after a block where asked."""
    written = recorder(venues=("perp_v2", "other"))
    for number in (1, 2, 3):
        block = rows.block(number)
        written.block(block, [rows.event(block, 1), rows.event(block, 0), rows.event(block, 9, venue="other")])
    written.flush()
    batches = list(written.venue_events("perp_v2", batch_rows=2))
    assert [batch.num_rows for batch in batches] == [2, 2, 2]
    assert [(row["block_number"], row["position"]) for batch in batches for row in batch.to_pylist()] == [
        (number, position) for number in (1, 2, 3) for position in (0, 1)
    ]
    later = [row["block_number"] for batch in written.venue_events("perp_v2", after=2) for row in batch.to_pylist()]
    assert later == [3, 3]
    assert list(written.venue_events("unknown")) == []


def test_a_venue_that_stopped_keeps_its_cursor(recorder: _Open, rows: Rows) -> None:
    """Its next start goes on where it stopped, although the others went further."""
    written = recorder(venues=("perp_v2", "other"))
    written.block(rows.block(1), [])
    written.block(rows.block(2), [rows.event(rows.block(2))], ["perp_v2"])
    written.flush()
    assert written.recovered("other", 5).cursor == rows.block(1)
    assert written.recovered("perp_v2", 5).cursor == rows.block(2)


def test_a_reverted_block_leaves_no_row_in_any_table(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """The cursor falls back with it, the branch that replaced it is complete."""
    written = recorder()
    for number in range(4):
        block = rows.block(number)
        views: list[Record] = [rows.pool_range(block), rows.pool_state(block), rows.fund(block), rows.flow(block, 1)]
        written.block(block, [rows.head(block), rows.event(block), rows.decision(block), rows.outcome(block, f"0x{number}"), *views])
    written.append([rows.attempt(rows.block(3), "0xdead")])
    written.flush()
    written.revert([rows.block(3), rows.block(2)])
    for number in (2, 3, 4):
        block = rows.block(number, "f")
        written.block(block, [rows.head(block), rows.event(block), rows.outcome(block, f"0x{number}")])
    written.flush()
    for table in ("cursors", "blocks", "venue_events", "outcomes"):
        assert ask(f"SELECT block_hash FROM {table} ORDER BY block_number") == [("0x0",), ("0x1",), ("0x2f",), ("0x3f",), ("0x4f",)], table
    for table in ("decisions", "pool_ranges", "pool_states", "insurance_funds", "account_flows"):
        assert ask(f"SELECT block_hash FROM {table} ORDER BY ALL") == [("0x0",), ("0x1",)], table
    assert ask("SELECT block_hash FROM attempts") == [("0x3",)], "what was signed may be mined whatever became of that block"


def test_a_late_attempt_of_an_orphaned_block_is_written(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """The transaction is in the network."""
    written = recorder()
    written.block(rows.block(1), [])
    written.append([rows.attempt(rows.block(1), "0xaa")])
    written.revert([rows.block(1)])
    written.append([rows.attempt(rows.block(1), "0xbb")])
    written.block(rows.block(1, "f"), [])
    written.flush()
    assert ask("SELECT transaction_hash FROM attempts ORDER BY ALL") == [("0xaa",), ("0xbb",)]


def test_a_ticket_is_committed_when_it_is_durable(recorder: _Open, rows: Rows) -> None:
    """Tickets rise; a reorg is not durable before the block that replaces."""
    written = recorder(commit_every_s=30.0)
    assert written.committed == 0
    first = written.block(rows.block(1), [rows.event(rows.block(1))])
    written.flush()
    assert written.committed == first
    second = written.append([rows.attempt(rows.block(1), "0xaa")])
    assert second > first
    assert written.committed == first, "commits keep their distance"
    written.flush()
    assert written.committed == second
    gone = written.revert([rows.block(1)])
    written.append([rows.attempt(rows.block(1), "0xbb")])
    written.flush()
    assert second <= written.committed < gone
    last = written.block(rows.block(1, "f"), [])
    written.flush()
    assert written.committed == last


def test_a_call_that_brings_nothing_new_is_committed_too(recorder: _Open, rows: Rows) -> None:
    written = recorder()
    written.append([rows.attempt(rows.block(1), "0xaa")])
    again = written.append([rows.attempt(rows.block(1), "0xaa")])
    written.flush()
    assert written.committed == again


def test_the_lake_tells_which_attempts_and_outcomes_it_has(recorder: _Open, rows: Rows) -> None:
    """However old: nothing is remembered, it is asked."""
    written = recorder()
    assert written.recorded_attempts([AA]) == frozenset()
    written.block(rows.block(1), [])
    written.append([rows.attempt(rows.block(1), "0xaa"), rows.outcome(rows.block(1), "0xaa")])
    written.flush()
    assert written.recorded_attempts([AA, Hash32("0xbb")]) == {AA}
    assert written.recorded_attempts([]) == frozenset()
    (row,) = written.recorded_outcomes([CandidateId("c1"), CandidateId("c2")])
    assert (row.candidate_id, row.transaction_hash, row.outcome, row.block_number, row.block_hash) == ("c1", "0xaa", "included", 1, "0x1")


def test_the_gap_of_a_reorg_is_never_visible(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """Orphaned rows go in the transaction that brings the next block, also when other rows arrive in between."""
    written = recorder()
    written.block(rows.block(1), [rows.event(rows.block(1))])
    written.flush()
    written.revert([rows.block(1)])
    written.append([rows.decision(rows.block(0))])
    written.flush()
    assert ask("SELECT block_hash FROM venue_events") == [("0x1",)]
    written.block(rows.block(1, "f"), [rows.event(rows.block(1, "f"))])
    written.flush()
    assert ask("SELECT block_hash FROM venue_events") == [("0x1f",)]


def test_a_reorg_that_is_the_last_thing_told_is_written_on_leaving(options: LakeOptions, ask: _Ask, rows: Rows) -> None:
    """There is no next block to wait for."""
    with OneChain(options, 31337, ["perp_v2"]) as written:
        written.block(rows.block(1), [rows.event(rows.block(1))])
        written.flush()
        written.revert([rows.block(1)])
    assert ask("SELECT (SELECT count(*) FROM venue_events), (SELECT count(*) FROM cursors)") == [(0, 0)]


def test_a_late_record_about_an_orphaned_block_is_not_written(recorder: _Open, ask: _Ask, rows: Rows) -> None:
    """A candidate may still be in work when its block goes; when the chain comes back to the block its rows count again."""
    written = recorder()
    written.block(rows.block(1), [])
    written.revert([rows.block(1)])
    written.append([rows.decision(rows.block(1), "0x01")])
    written.block(rows.block(1, "f"), [])
    written.revert([rows.block(1, "f")])
    written.block(rows.block(1), [])
    written.append([rows.decision(rows.block(1), "0x02")])
    written.flush()
    assert ask("SELECT account FROM decisions") == [("0x02",)]


def test_attempts_and_outcomes_told_again_after_a_restart_are_written_once(options: LakeOptions, ask: _Ask, rows: Rows) -> None:
    """The outbox tells them again; a reopened attempt that lands in another block is a new outcome."""
    block = rows.block(1)
    for _ in range(2):
        with OneChain(options, 31337, ["perp_v2"]) as written:
            written.block(block, [])
            written.append([rows.attempt(block, "0xaa"), rows.outcome(block, "0xaa")])
    with OneChain(options, 31337, ["perp_v2"]) as written:
        written.append([rows.outcome(rows.block(2), "0xaa"), rows.attempt(block, "0xbb")])
    assert ask("SELECT transaction_hash FROM attempts ORDER BY ALL") == [("0xaa",), ("0xbb",)]
    assert ask("SELECT block_hash FROM outcomes ORDER BY ALL") == [("0x1",), ("0x2",)]


def test_each_candidate_of_a_transaction_has_rows_of_its_own(options: LakeOptions, ask: _Ask, rows: Rows) -> None:
    """Also when they are told again, and one had no row yet."""
    block = rows.block(1)
    first, second = (replace(rows.outcome(block, "0xaa"), candidate_id=name, account=name) for name in ("c1", "c2"))
    sent = [replace(rows.attempt(block, "0xaa"), candidate_id=name, account=name) for name in ("c1", "c2")]
    for outcomes in ([first], [first, second]):
        with OneChain(options, 31337, ["perp_v2"]) as written:
            written.block(block, [])
            written.append([*sent, *outcomes])
            written.flush()
            assert written.candidate_of(Hash32("0xaa"), ("perp_v2", AccountKey("c2"))) == "c2"
            assert written.candidate_of(Hash32("0xaa"), ("perp_v2", AccountKey("c3"))) is None
    assert ask("SELECT candidate_id FROM attempts ORDER BY ALL") == [("c1",), ("c2",)]
    assert ask("SELECT candidate_id FROM outcomes ORDER BY ALL") == [("c1",), ("c2",)]


def test_rows_of_a_block_that_never_was_committed_are_taken_away_at_the_start(options: LakeOptions, ask: _Ask, rows: Rows) -> None:
    """The block comes again and brings them again; what was sent stays, since the outbox alone knows it."""
    with OneChain(options, 31337, ["perp_v2"]) as written:
        written.block(rows.block(1), [rows.decision(rows.block(1))])
        written.append([rows.decision(rows.block(2)), rows.attempt(rows.block(2), "0xaa")])
    with OneChain(options, 31337, ["perp_v2"]):
        pass
    assert ask("SELECT block_number FROM decisions") == [(1,)]
    assert ask("SELECT block_number FROM attempts") == [(2,)]


def test_the_lake_tells_what_a_key_has_paid(recorder: _Open, rows: Rows) -> None:
    """Once for each transaction, by the time it was sent."""
    written = recorder()
    written.block(rows.block(1), [])
    written.append([rows.attempt(rows.block(1), "0xaa"), rows.outcome(rows.block(1), "0xaa"), rows.outcome(rows.block(1), "0xbb")])
    written.flush()
    (payment,) = written.payments("0xcd", 1)
    assert (payment.nonce, payment.transaction_hash, payment.cost_wei, payment.paid_at_us) == (4, "0xaa", 9 * 10**15, 1)
    assert written.payments("0xcd", 2) == ()
    assert written.payments("0xee", 0) == ()


def test_a_transaction_for_several_candidates_has_cost_the_sum_of_their_shares(recorder: _Open, rows: Rows) -> None:
    written, block = recorder(), rows.block(1)
    written.block(block, [])
    for name, cost in (("c1", 5), ("c2", 4)):
        outcome = replace(rows.outcome(block, "0xaa"), candidate_id=name, gas_cost_wei=cost)
        written.append([replace(rows.attempt(block, "0xaa"), candidate_id=name), outcome])
    written.flush()
    assert [payment.cost_wei for payment in written.payments("0xcd", 0)] == [9]


def test_a_full_queue_stops_the_caller(recorder: _Open, rows: Rows) -> None:
    """Nothing may go unrecorded, so the caller learns of it instead of waiting."""
    written = recorder(queue_blocks=3, batch_rows=100)
    calls = [(rows.block(number), [rows.event(rows.block(number), position) for position in range(50)]) for number in range(500)]
    with pytest.raises(StoreError, match=r"3 writes behind.*queue_blocks"):
        _tell(written, calls)


def _tell(written: OneChain, calls: Sequence[tuple[BlockRef, Sequence[Record]]]) -> None:
    for block, records in calls:
        written.block(block, records)


def test_what_ends_the_thread_reaches_the_next_call_the_watcher_and_the_exit(options: LakeOptions, rows: Rows) -> None:
    """A value its column cannot hold stands for any failure."""
    too_much = replace(rows.attempt(rows.block(1), "0xaa"), max_fee_wei=2**63)

    async def watched(written: OneChain) -> None:
        await asyncio.wait_for(written.watch(), 10)

    written = OneChain(options, 31337, ["perp_v2"]).__enter__()
    written.append([too_much])
    with pytest.raises(StoreError, match="does not fit"):
        asyncio.run(watched(written))
    with pytest.raises(StoreError, match="does not fit"):
        written.block(rows.block(2), [])
    with pytest.raises(StoreError, match="does not fit"):
        written.flush()
    with pytest.raises(StoreError, match="does not fit"):
        written.__exit__(None, None, None)


def test_an_exception_of_the_daemon_is_not_hidden_and_the_queue_still_drains(options: LakeOptions, ask: _Ask, rows: Rows) -> None:
    """Drains on a crash as on success."""

    def crashing() -> None:
        with OneChain(options, 31337, ["perp_v2"]) as written:
            written.block(rows.block(1), [rows.event(rows.block(1))])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crashing()
    assert ask("SELECT count(*) FROM venue_events") == [(1,)]


def test_watching_can_be_cancelled_and_ends_with_the_recorder(options: LakeOptions, rows: Rows) -> None:
    """The daemon's watching task is cancelled with its group; the thread goes on until the recorder is left."""

    async def run(written: OneChain) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(written.watch(), 0.05)
        written.block(rows.block(1), [])
        await asyncio.to_thread(written.flush)

    with OneChain(options, 31337, ["perp_v2"]) as written:
        asyncio.run(run(written))
        assert written.backlog().last_block == 1
    with pytest.raises(StoreError, match="not open"):
        written.append([])


def test_one_writer_only(recorder: _Open, options: LakeOptions) -> None:
    """A second keeper on the same lake is refused; after the first has ended it may write."""
    recorder()
    with pytest.raises(StoreError, match="another keeper is writing"), OneChain(options, 31337, ["perp_v2"]):
        pass


def test_waiting_blocks_are_committed_together(recorder: _Open, rows: Rows) -> None:
    """A backlog costs one commit, not one for each block."""
    written = recorder()
    for number in range(300):
        written.block(rows.block(number), [rows.event(rows.block(number))])
    written.flush()
    figures = written.backlog()
    assert figures.commits < 100
    assert (figures.queued, figures.last_block) == (0, 299)
    assert figures.last_commit_ms > 0


def test_commits_keep_their_distance(recorder: _Open, rows: Rows) -> None:
    """Fast blocks share a commit; a waiting caller is not kept."""
    written = recorder(commit_every_s=30.0)
    written.block(rows.block(0), [])
    written.flush()
    for number in range(1, 20):
        written.block(rows.block(number), [rows.event(rows.block(number))])
        time.sleep(0.005)
    assert written.backlog().commits == 1
    written.flush()
    assert written.backlog().commits == 2
    assert written.recovered("perp_v2", 1).cursor == rows.block(19)


def test_upkeep_keeps_the_rows_and_merges_the_files(recorder: _Open, ask: _Ask, rows: Rows, options: LakeOptions) -> None:
    """Fewer files, the same answer; in another process, while the recorder goes on."""
    written = recorder(upkeep_blocks=20, keep_snapshots_s=0)
    files = "SELECT file_count FROM ducklake_table_info('lake') WHERE table_name = 'venue_events'"
    number = 0
    while number < 25 or (ask(files)[0][0] > 8 and number < 600):
        written.block(rows.block(number), [rows.event(rows.block(number), position) for position in range(3)])
        written.flush()
        number += 1
    assert number < 600, "nothing is merged"
    assert ask("SELECT count(*), count(DISTINCT block_hash) FROM venue_events") == [(3 * number, number)]
    assert written.backlog().problem is None


def test_a_correction_replaces_a_venues_rows_of_a_block_committed_or_not(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    """Other blocks, other venues and other tables stay as they are."""
    written = recorder(venues=("perp_v2", "other"))
    first, second = rows.block(1), rows.block(2)
    for block in (first, second):
        events = [rows.event(block, 0), rows.event(block, 1), rows.event(block, 0, venue="other")]
        written.block(block, [rows.head(block), *events, rows.pool_range(block), rows.pool_state(block), rows.flow(block, 1)])
        if block == first:
            written.flush()
    events_true = [replace(rows.event(block, 7), payload="true") for block in (first, second)]
    flows_true = [rows.flow(block, 2) for block in (first, second)]
    written.correct("perp_v2", [first, second], [*events_true, *flows_true])
    written.flush()
    assert ask("SELECT block_number, position, payload FROM venue_events WHERE venue = 'perp_v2' ORDER BY ALL") == [
        (1, 7, "true"), (2, 7, "true"),
    ]  # fmt: skip
    assert ask("SELECT count(*) FROM venue_events WHERE venue = 'other'") == [(2,)]
    assert ask("SELECT block_number, amount_raw FROM account_flows ORDER BY ALL") == [(1, "2"), (2, "2")]
    assert ask("SELECT count(*) FROM pool_ranges") == [(0,)], "nothing stands in their place"
    assert ask("SELECT count(*) FROM pool_states") == [(2,)], "no log tells of them"
    assert ask("SELECT count(*) FROM blocks") == [(2,)]
    assert ask("SELECT count(*) FROM cursors") == [(4,)]


def test_a_correction_alone_is_committed_too(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    """Rows that were invented have nothing in their place."""
    written = recorder()
    written.block(rows.block(1), [rows.event(rows.block(1))])
    written.flush()
    written.correct("perp_v2", [rows.block(1)], [])
    written.flush()
    assert ask("SELECT count(*) FROM venue_events") == [(0,)]


def test_the_last_match_is_the_oldest_of_the_accounts(recorder: _Open, rows: Rows) -> None:
    """Up to there all of them were right; None when one never was."""
    written = recorder()
    for number, account, matches in ((1, "0xa", True), (2, "0xb", True), (3, "0xa", True), (4, "0xa", False), (5, "0xc", False)):
        written.block(rows.block(number), [rows.comparison(rows.block(number), account, matches=matches)])
    written.flush()
    assert written.last_match("perp_v2", ["0xa"]) == 3
    assert written.last_match("perp_v2", ["0xa", "0xb"]) == 2
    assert written.last_match("perp_v2", ["0xa", "0xc"]) is None


def test_a_verdict_that_agrees_is_no_match_of_figures(recorder: _Open, rows: Rows, ask: _Ask) -> None:
    """One that is unknown agrees with nothing."""
    written = recorder()
    comparisons = [("0xa", True, "healthy"), ("0xb", None, "unknown")]
    block = rows.block(1)
    written.block(block, [rows.comparison(block, account, matches=matches, verdict=verdict) for account, matches, verdict in comparisons])
    written.flush()
    assert written.last_match("perp_v2", ["0xa"]) is None
    query = "SELECT account, matches, chain_verdict, equity_chain_raw FROM account_snapshots ORDER BY account"
    assert ask(query) == [("0xa", True, "healthy", None), ("0xb", None, "unknown", None)]


def test_every_commit_is_told_with_what_it_waited_for_others(options: LakeOptions, rows: Rows) -> None:
    commits: list[Commit] = []
    with Recorder(replace(options, commit_every_s=0.0), {31337: ["perp_v2"]}, commits.append) as lake:
        written = lake.chain(31337)
        written.block(rows.block(1), [rows.event(rows.block(1), position) for position in range(3)])
        written.flush()
        with write_turn(options.place.keeper):
            written.block(rows.block(2), [])
            time.sleep(1.0)
    assert [(commit.chain_id, commit.rows) for commit in commits[:2]] == [(31337, 4), (31337, 1)]
    assert commits[0].seconds > 0
    assert commits[1].seconds > 0.5


def test_the_lake_tells_what_a_keys_transactions_came_to(recorder: _Open, rows: Rows) -> None:
    """In the order of blocks; what is counted again after a restart is what was counted before."""
    written = recorder()
    written.block(rows.block(1), [])
    lost = replace(rows.outcome(rows.block(1), "0xbb"), outcome="reverted", profit_raw=raw(0), tokens_value_usd=2.5)
    written.append([rows.attempt(rows.block(1), "0xaa"), rows.attempt(rows.block(1), "0xbb")])
    written.append([rows.outcome(rows.block(2), "0xaa"), lost])
    written.flush()
    first, second = written.results(["0xcd"], 1)
    assert (first.transaction_hash, first.outcome, first.block_hash, first.change_x18) == ("0xbb", "reverted", "0x1", -16 * 10**18)
    assert second == result_of(rows.outcome(rows.block(2), "0xaa"), MicroTime(1))
    assert (written.results(["0xcd"], 2), written.results(["0xee"], 0)) == ((), ())
