"""Our own transactions on their way into the lake: rows of what was signed and what became of it. The outbox forgets nothing until the
lake has committed it, and at start both are compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from structlog.typing import FilteringBoundLogger

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Settled
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.money import ZERO_USD
from keeper.domain.outcome import Dropped, Included, Outbid, Reverted
from keeper.domain.records import MicroTime, OutcomeRecord, Record
from keeper.domain.views import LiquidationObserved, Proceeds
from keeper.engine import recording
from keeper.engine.evaluator import Evaluator
from keeper.engine.metrics import Metrics
from keeper.engine.ports import Chain, Dispatcher, RecordedOutcome, Recorder, SentRecords
from keeper.errors import BlockUnknown, RpcError, Transient

_REMEMBERED = 1024
"""Dropped attempts whose rows are written anew when the block they stand at goes: no other block is theirs."""


@dataclass(frozen=True, slots=True)
class _Queued:
    """What the lake has once it has committed `ticket`."""

    ticket: int
    attempts: tuple[Hash32, ...]
    outcomes: tuple[tuple[Hash32, Hash32 | None], ...]


class Attempts:
    """The dispatcher's side of the loop. Without a dispatcher there is nothing to tell."""

    def __init__(
        self,
        dispatcher: Dispatcher | None,
        recorder: Recorder,
        chain_id: int,
        executor: Address | None,
        log: FilteringBoundLogger,
        metrics: Metrics,
        name_revert: Mapping[str, Callable[[bytes], str]],
    ) -> None:
        """`name_revert`, by venue: the words for a revert payload."""
        self._dispatcher = dispatcher
        self._recorder = recorder
        self._chain_id = chain_id
        self._executor = executor
        self._log = log
        self._metrics = metrics
        self._name_revert = name_revert
        self._queued: list[_Queued] = []
        self._dropped: list[tuple[BlockRef, Record]] = []

    def busy(self) -> frozenset[AccountRef]:
        """(venue, account) with an attempt still open."""
        return self._dispatcher.open_accounts() if self._dispatcher else frozenset()

    async def track(self, block: BlockRef) -> Sequence[Settled]:
        """What became of our transactions by this block."""
        if self._dispatcher is None:
            return ()
        self.acknowledge()
        try:
            return await self._dispatcher.track(block)
        except (Transient, RpcError) as error:
            self._log.warning("attempts not looked at", problem=str(error))
            return ()

    def acknowledge(self) -> None:
        """Tell the outbox what the lake has committed by now."""
        if self._dispatcher is None:
            return
        durable = [item for item in self._queued if item.ticket <= self._recorder.committed]
        if durable:
            self._dispatcher.acknowledge(
                [name for item in durable for name in item.attempts], [key for item in durable for key in item.outcomes]
            )
            self._queued = [item for item in self._queued if item.ticket > self._recorder.committed]

    def outbid(self, venue: str, observed: Sequence[LiquidationObserved]) -> None:
        """Remember who was faster; to be told before the outcomes of the same block are recorded."""
        for item in observed:
            if self._dispatcher is not None and item.liquidator != self._executor:
                self._dispatcher.outbid(venue, item.account, item.liquidator)

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the venue's open attempts are worth as of its newest block, by account: nothing where it is no longer in breach. The closing
        of what the executor holds keeps its budget."""
        if self._dispatcher is not None:
            own = AccountKey(self._executor) if self._executor is not None else None
            accounts = {account for name, account in self.busy() if name == venue and account != own}
            self._dispatcher.revalue(venue, {account: worth_wei.get(account, 0) for account in accounts})

    def candidates(self, venue: str, observed: Sequence[LiquidationObserved]) -> Mapping[tuple[Hash32, AccountKey], CandidateId]:
        """The candidates of our transactions among these liquidations, by hash and account, whether their receipts were seen yet or not."""
        if self._dispatcher is None:
            return {}
        ours = {(item.log.transaction_hash, item.account) for item in observed if item.liquidator == self._executor}
        named = {(name, account): self._dispatcher.candidate_of(name, (venue, account)) for name, account in ours}
        return {key: candidate for key, candidate in named.items() if candidate is not None}

    def record(
        self, settled: Sequence[Settled], head: BlockRef, seen: MicroTime, evaluators: Mapping[str, Evaluator], native_price_x18: int
    ) -> Sequence[OutcomeRecord]:
        """Rows of what was signed since the last call, and of these outcomes, which it returns. `seen`: when the head arrived;
        `native_price_x18`: USD per coin of gas."""
        signed = self._dispatcher.signed() if self._dispatcher is not None else ()
        if not signed and not settled:
            return ()
        for stages in {attempt.transaction_hash: attempt.stages for attempt in signed}.values():
            self._metrics.sent(stages)
        outcomes: list[OutcomeRecord] = []
        for item in map(self._judged, settled):
            row = self._outcome_row(item, head, evaluators.get(item.attempt.venue), native_price_x18)
            outcomes.append(row)
            if isinstance(item.outcome, Included):
                self._metrics.included((seen - item.attempt.sent_at_us) / 1_000_000)
            if item.outcome.block is None:
                self._dropped = [*self._dropped, (head, row)][-_REMEMBERED:]
        ticket = self._recorder.append([*(recording.attempt_row(self._chain_id, attempt) for attempt in signed), *outcomes])
        self._queued.append(_Queued(ticket, _hashes(signed), tuple(_key(item) for item in settled)))
        return outcomes

    def reverted(self, ancestor: BlockRef, orphaned: Sequence[BlockRef]) -> None:
        """Outcomes no block has decided outlive the head they were told at."""
        hashes = {block.hash for block in orphaned}
        orphans = [row for head, row in self._dropped if head.hash in hashes]
        if orphans:
            where = recording.block_keys(ancestor)
            rows: list[Record] = [replace(row, **where) for row in orphans]
            self._recorder.append(rows)
            self._dropped = [item for item in self._dropped if item[0].hash not in hashes] + [(ancestor, row) for row in rows]

    async def reconcile(self, lake: SentRecords, chain: Chain) -> None:
        """At start, before the first `track`: rows the outbox has and the lake lacks are written (attempts now, outcomes by the first
        `track`), outcomes in blocks that are not canonical any more go, and what the lake has is acknowledged."""
        if self._dispatcher is None:
            return
        for sender, since in self._dispatcher.payments_unknown().items():
            payments = lake.payments(sender, since)
            if payments:
                self._dispatcher.remember(sender, payments)
                wei = sum(each.cost_wei for each in payments)
                self._log.warning("the outbox is new, the lake is not", sender=sender, payments=len(payments), wei=wei)
        attempts = self._dispatcher.signed_lately()
        known = lake.recorded_attempts([attempt.transaction_hash for attempt in attempts])
        missing = [attempt for attempt in attempts if attempt.transaction_hash not in known]
        if missing:
            ticket = self._recorder.append([recording.attempt_row(self._chain_id, attempt) for attempt in missing])
            self._queued.append(_Queued(ticket, _hashes(missing), ()))
        decided = self._dispatcher.decided_lately()
        rows = lake.recorded_outcomes([candidate for each in decided for candidate in each.candidates])
        await self._remove_orphaned(chain, rows, decided)
        untold = [each for each in decided if not _is_told(each, rows)]
        self._dispatcher.tell_again(untold)
        present = [each for each in decided if each not in untold]
        self._dispatcher.acknowledge(known, [(min(each.transactions), each.block_hash) for each in present])
        if missing or untold:
            self._log.info("outbox and lake compared", attempts_missing=len(missing), outcomes_missing=len(untold))

    async def _remove_orphaned(self, chain: Chain, rows: Sequence[RecordedOutcome], decided: Sequence[Decided]) -> None:
        standing = {each.block_hash for each in decided}
        doubtful = {row.block_hash: row for row in rows if row.outcome != "dropped" and row.block_hash not in standing}
        orphans: list[BlockRef] = []
        for row in doubtful.values():
            try:
                block = await chain.block(row.block_number)
            except BlockUnknown:
                continue
            if block.hash != row.block_hash:
                orphans.append(replace(block, hash=row.block_hash))
        if orphans:
            self._recorder.revert(orphans)

    def _judged(self, item: Settled) -> Settled:
        """A revert after somebody else had liquidated the account is a lost race, not a fault."""
        outcome = item.outcome
        if self._dispatcher is None or not isinstance(outcome, Reverted):
            return item
        rival = self._dispatcher.rival_of(outcome.transaction_hash, (item.attempt.venue, item.attempt.account))
        if rival is None:
            return item
        return replace(item, outcome=Outbid(outcome.transaction_hash, outcome.block, outcome.gas_used, outcome.gas_cost_wei, rival))

    def _outcome_row(self, item: Settled, head: BlockRef, evaluator: Evaluator | None, native_price_x18: int) -> OutcomeRecord:
        outcome = item.outcome
        proceeds, reason = Proceeds(ZERO_USD), None
        if evaluator is not None and self._executor is not None and isinstance(outcome, Included):
            proceeds = evaluator.venue.proceeds(outcome.logs, self._executor, evaluator.book)
        elif evaluator is not None and isinstance(outcome, Reverted):
            reason = self._name_revert[item.attempt.venue](outcome.data)
        elif isinstance(outcome, (Dropped, Outbid)):
            reason = outcome.reason if isinstance(outcome, Dropped) else outcome.liquidator
        gas_usd = outcome.gas_cost_wei / 10**18 * (native_price_x18 / 10**18)
        self._metrics.outcome(type(outcome).__name__.lower())
        self._log.info("outcome", account=item.attempt.account, outcome=type(outcome).__name__, reason=reason)
        return recording.outcome_row(self._chain_id, item, head, reason, proceeds, gas_usd)


def _hashes(attempts: Sequence[Attempt]) -> tuple[Hash32, ...]:
    return tuple(attempt.transaction_hash for attempt in attempts)


def _key(item: Settled) -> tuple[Hash32, Hash32 | None]:
    block = item.outcome.block
    return item.attempt.transaction_hash, None if block is None else block.hash


def _is_told(decided: Decided, rows: Sequence[RecordedOutcome]) -> bool:
    """Whether each of the job's candidates has its row."""
    return {row.candidate_id for row in rows if _tells(row, decided)}.issuperset(decided.candidates)


def _tells(row: RecordedOutcome, decided: Decided) -> bool:
    """True when the row is this job's outcome. One without a block of its own may stand at any head."""
    if decided.mined:
        return row.transaction_hash == decided.winner and row.block_hash == decided.block_hash
    return row.transaction_hash in decided.transactions and row.outcome in ("dropped", "outbid")
