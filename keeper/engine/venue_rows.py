"""One venue's rows of one block."""

from collections.abc import Iterator
from dataclasses import dataclass

from keeper.domain.records import Record
from keeper.engine import recording, view_rows
from keeper.engine.attempts import Attempts
from keeper.engine.decision_policy import DecisionPolicy
from keeper.engine.evaluator import BlockEvaluation, Evaluator
from keeper.engine.recording import BlockKeys


@dataclass(frozen=True, slots=True)
class RowOptions:
    """What is recorded: all positions every `position_snapshot_blocks` (0 never), and with `record_reads` what was read, so that the block
    can be replayed."""

    position_snapshot_blocks: int
    record_reads: bool


def venue_rows(
    keys: BlockKeys, evaluator: Evaluator, evaluation: BlockEvaluation, attempts: Attempts, policy: DecisionPolicy, options: RowOptions
) -> Iterator[Record]:
    """Events, markets, pools, the insurance fund, account flows, liquidations, evaluations and, now and then, positions."""
    venue, book = evaluator.venue, evaluator.book
    applied = [item for item in evaluation.applied if item.log is not None or options.record_reads]
    ids = {account: policy.candidate(keys.venue, account, evaluation).id for account in evaluation.breaches}
    yield from recording.event_rows(keys, applied)
    yield from recording.market_rows(keys, venue.markets(book, evaluation.block.timestamp))
    yield from view_rows.logged_rows(keys, venue, book, evaluation.applied)
    yield from view_rows.changed_rows(keys, venue, book, [item.event for item in evaluation.applied], evaluator.latest)
    yield from recording.liquidation_rows(
        keys, evaluation.observed, evaluator.executor, attempts.candidates(keys.venue, evaluation.observed)
    )
    yield from recording.evaluation_rows(keys, evaluation.evaluated, ids)
    if options.position_snapshot_blocks and keys.block.number % options.position_snapshot_blocks == 0:
        yield from _position_rows(keys, evaluator)


def quote_rows(
    keys: BlockKeys, evaluation: BlockEvaluation, policy: DecisionPolicy, options: RowOptions, first_position: int
) -> Iterator[Record]:
    """What signed prices after the block said, `first_position` events of which are recorded already, and who was evaluated by them."""
    ids = {account: policy.candidate(keys.venue, account, evaluation).id for account in evaluation.breaches}
    yield from recording.event_rows(keys, evaluation.applied if options.record_reads else (), first_position)
    yield from recording.evaluation_rows(keys, evaluation.evaluated, ids)


def _position_rows(keys: BlockKeys, evaluator: Evaluator) -> Iterator[Record]:
    now, accounts = keys.block.timestamp, evaluator.book.account_keys()
    views = [view for key in accounts for view in evaluator.venue.positions(key, evaluator.book, now)]
    health = {key: evaluator.venue.health(key, evaluator.book, now) for key in {view.account for view in views}}
    yield from recording.position_rows(keys, views, health)
