"""One venue's rows of one block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from keeper.domain.chain import Address
from keeper.domain.records import Record
from keeper.engine import recording, view_rows
from keeper.engine.attempts import Attempts
from keeper.engine.evaluator import Evaluator, Findings
from keeper.engine.judge import Judge
from keeper.engine.recording import Where


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What is recorded: of an `executor` its own liquidations as ours, all positions every `position_snapshot_blocks` (0 never), and with
    `record_reads` what was read, so that the block can be replayed."""

    executor: Address | None
    position_snapshot_blocks: int
    record_reads: bool


def venue_rows(
    where: Where, evaluator: Evaluator[Any, Any], findings: Findings[Any], attempts: Attempts, judge: Judge, options: RowOptions
) -> Iterator[Record]:
    """Events, markets, pools, the insurance fund, account flows, liquidations, evaluations and, now and then, positions."""
    venue, book = evaluator.venue, evaluator.book
    applied = [item for item in findings.applied if item.log is not None or options.record_reads]
    ids = {item.account: judge.candidate(where.venue, item.account, findings.block).id for item in findings.breached}
    yield from recording.event_rows(where, applied)
    yield from recording.market_rows(where, venue.markets(book, findings.block.timestamp))
    yield from view_rows.logged_rows(where, venue, book, findings.applied)
    yield from view_rows.changed_rows(where, venue, book, [item.event for item in findings.applied], evaluator.latest)
    yield from recording.liquidation_rows(where, findings.observed, options.executor, attempts.candidates(findings.observed))
    yield from recording.evaluation_rows(where, findings.evaluated, ids)
    if options.position_snapshot_blocks and where.block.number % options.position_snapshot_blocks == 0:
        yield from _position_rows(where, evaluator)


def _position_rows(where: Where, evaluator: Evaluator[Any, Any]) -> Iterator[Record]:
    now, keys = where.block.timestamp, evaluator.book.account_keys()
    views = [view for key in keys for view in evaluator.venue.positions(key, evaluator.book, now)]
    health = {key: evaluator.venue.health(key, evaluator.book, now) for key in {view.account for view in views}}
    yield from recording.position_rows(where, views, health)
