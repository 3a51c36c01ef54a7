"""Sends transactions of one key and tracks each to its outcome. Semantics of Euler's liquidation-bot-v3 dispatcher (one nonce per job,
raised fees at the same nonce, a given-up nonce kept with a fee floor for the next job), for many jobs in flight, across restarts and
reorgs.

Order of every send: choose nonce and fees, sign, write to the outbox (on the disk), broadcast. Nothing is broadcast that is not written,
and what is written is broadcast with the same bytes until the chain has an answer."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.outcome import Dropped
from keeper.domain.parse import quantity
from keeper.errors import NonceConflict, RpcError, RpcUnavailable, Transient
from keeper.execution.broadcast import Accepted, Broadcast, Refused
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.key_lock import KeyLock, shared_folder
from keeper.execution.lane import DAY_US, Lane
from keeper.execution.node import ChainNode, Json, Node
from keeper.execution.onchain_status import OnchainReader, mined_hash
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import NonceSlot, OutboxJob, OutboxTransaction, Purpose, attempt_of
from keeper.execution.refusal import Refusal
from keeper.execution.signer import Signer
from keeper.execution.tracker import Tracker

__all__ = ["DispatcherOptions", "TransactionDispatcher"]
_DELIVERY_ROUNDS = 4
_PENDING_LOOKS = 3
_PENDING_PAUSE_S = 0.5


def _unheard(note: str) -> None:
    """Nobody wants to know."""


class TransactionDispatcher:
    """One nonce lane. An async context manager: entering takes the key's lock and opens its outbox.

    `node` is read from; all `senders` are given the transactions (`node` when there are none). `notice` is told what the operator
    should know of the nonces. Entering raises NonceConflict when another process uses the key, StoreError when the outbox
    cannot be used."""

    def __init__(
        self,
        options: DispatcherOptions,
        signer: Signer,
        node: ChainNode,
        *senders: Node,
        clock: Callable[[], float] = time.time,
        notice: Callable[[str], None] = _unheard,
    ) -> None:
        self._options = options
        self._signer = signer
        self._node = node
        self._broadcast = Broadcast(senders or (node,))
        name = f"outbox-{options.chain_id}-{signer.address}"
        self._name = name
        self._outbox = Outbox(options.state_dir / f"{name}.sqlite")
        self._lane = Lane(options, signer, self._outbox, clock)
        self._tracker = Tracker(options, self._lane, self._outbox, signer.address)
        self._onchain = OnchainReader(node, signer.address, options.final_after_blocks + 1)
        self._notice = notice
        self._started_at = 0
        self._turn = asyncio.Lock()
        self._accepted: set[Hash32] = set()
        self._refused: set[Hash32] = set()
        self._settled: list[Settled] = []
        self._signed: dict[Hash32, Attempt] = {}
        self._offered: set[Hash32] = set()
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        try:
            for folder in (self._options.state_dir, shared_folder(os.environ)):
                self._stack.enter_context(KeyLock(folder / f"{self._name}.lock"))
            self._stack.enter_context(self._outbox)
        except BaseException:
            self._stack.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._broadcast.close()
        self._stack.close()

    @property
    def sender(self) -> Address:
        """The key's address."""
        return self._signer.address

    def open_accounts(self) -> frozenset[AccountRef]:
        """(venue, account) with an attempt still to be mined. A given-up attempt no longer counts: its account may be tried anew."""
        return self._outbox.open_accounts()

    def candidate_of(self, transaction: Hash32) -> CandidateId | None:
        """The candidate a transaction of this key was for, however long ago."""
        return self._outbox.candidate_of(transaction)

    def signed(self) -> Sequence[Attempt]:
        """Every transaction signed since this was last asked: first ones (as soon as their first offer has an answer), raised fees, other
        nonces, cancellations."""
        signed = [attempt for name, attempt in self._signed.items() if name not in self._offered]
        for attempt in signed:
            del self._signed[attempt.transaction_hash]
        return signed

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        """Somebody else has liquidated the account: its attempts are raised no more, and are Outbid when they revert or are cancelled."""
        self._outbox.outbid(venue, account, liquidator)

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open jobs may cost by now: it bounds what they are raised to."""
        self._lane.revalue(venue, worth_wei)

    def rival_of(self, transaction: Hash32) -> str | None:
        """Who liquidated the account of one of our transactions before it could; None when nobody is known to have."""
        return self._outbox.rival_of(transaction)

    def signed_lately(self) -> Sequence[Attempt]:
        """What was signed within `remembered_s`, and what was not acknowledged: to be compared with the lake."""
        rows = self._outbox.signed_since(self._remembered_since())
        return [attempt_of(job, transaction, self.sender) for job, transaction in rows]

    def decided_lately(self) -> Sequence[Decided]:
        """The jobs of these transactions that have their outcome."""
        return self._outbox.decided_since(self._remembered_since())

    def payments_unknown_since(self) -> int | None:
        """Unix microseconds since when this dispatcher should know what its key has paid and does not, its outbox being new; else None."""
        return self._lane.now_us() - DAY_US if self._outbox.is_new() else None

    def remember(self, payments: Sequence[Payment]) -> None:
        """What the key has paid without this outbox: it counts towards the spending cap."""
        self._outbox.remember(payments)

    def tell_again(self, decided: Iterable[Decided]) -> None:
        """The lake lacks the outcomes of these: the next `track` hands them on. Before anything is sent."""
        self._outbox.tell_again(each.job_id for each in decided)
        self._settled = [self._without_block(job) for job in self._outbox.dropped_untold()]

    def acknowledge(self, attempts: Iterable[Hash32], outcomes: Iterable[tuple[Hash32, Hash32 | None]]) -> None:
        """The lake has committed the rows of these attempts, and of these outcomes (the attempt's transaction, the block that decided)."""
        with self._outbox.transaction():
            self._outbox.acknowledge_attempts(attempts)
            for transaction, block in outcomes:
                self._outbox.acknowledge_outcome(transaction, block)

    async def start(self) -> Sequence[Attempt]:
        """Take up what the last process left: broadcast everything that is not in a block again, same bytes; outcomes the lake did not
        commit come with the first `track`. Returns the attempts still open.

        Raises NonceConflict when the key has a pending transaction that is not of this outbox, RpcUnavailable, StoreError."""
        self.tell_again(())
        count, pending, self._started_at = await self._counts()
        self._lane.begin(count)
        waiting = [slot for slot in self._outbox.slots() if slot.winner is None]
        if count > self._lane.used:
            await self._confirm(count)
        elif all(count <= slot.nonce for slot in waiting):
            self._onchain.explained(self._started_at)
        note = self._tracker.gap_note()
        if note is not None:
            self._notice(note)
        for look in range(_PENDING_LOOKS):
            expected = max(self._outbox.next_nonce(), count)
            if pending <= expected:
                break
            if look == _PENDING_LOOKS - 1:
                raise NonceConflict(
                    f"{self.sender} has pending transactions up to nonce {pending - 1} that this keeper did not send (its outbox ends at "
                    f"{expected - 1}); wait until they are mined, or cancel them"
                )
            await asyncio.sleep(_PENDING_PAUSE_S)
            count, pending, _ = await self._counts()
        await self._deliver_waiting()
        jobs = [(slot, job) for slot in self._outbox.slots() if (job := slot.open_job) is not None]
        return [attempt_of(job, slot.of_job(job.id)[-1], self.sender) for slot, job in jobs]

    async def _confirm(self, count: int) -> None:
        """The account has used more nonces than this outbox: somebody used the key while no keeper ran, or an endpoint lies. The
        transactions themselves tell."""
        first, last = self._lane.used, count - 1
        since = self._outbox.newest_block() - 1
        try:
            places = [await self._onchain.place_of(nonce, since, self._started_at) for nonce in (first, last)]
        except (Transient, RpcError):
            places = [None]
        if None in places:
            self._notice(f"endpoints say that nonces up to {last} are used, this outbox ends before {first}, and no block shows by what")
            return
        for nonce in range(first, count):
            self._outbox.lose(nonce, "used by somebody else while this keeper did not run")
        self._lane.heed(count)
        self._notice(f"nonces {first} to {last} were used by somebody else while this keeper did not run")

    async def send(self, job: Job, fees: Fees) -> Attempt | None:
        """Sign, write to the outbox, broadcast; `fees` are raised where an earlier transaction must be replaced.

        None when budget, gas or fee limit or the spending cap forbid it, or the candidate is already under way or done. An endpoint that
        is down delays it: it is offered again at every head. Raises StoreError, and then nothing has been sent."""
        async with self._turn:
            transaction = self._lane.enqueue(job, fees)
        if transaction is None:
            return None
        queued = next(each for each in self._outbox.jobs_of(job.candidate_id) if each.id == transaction.job_id)
        attempt = attempt_of(queued, transaction, self.sender)
        stages = replace(job.stages, committed_us=self._lane.now_us())
        self._signed[transaction.hash] = attempt
        self._offered.add(transaction.hash)
        try:
            accepted_us = await self._deliver(transaction)
        finally:
            self._offered.discard(transaction.hash)
        attempt = self._signed[transaction.hash] = replace(attempt, stages=replace(stages, accepted_us=accepted_us))
        return attempt

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        """Look at every attempt once after a new head: settle what a canonical block has taken, raise or give up what waits too long.

        An outcome whose block is reorganised away is undone: the attempt is open again, the same bytes are broadcast again, and it is
        Settled again when it is in another block. What `acknowledge` has not confirmed when the process ends is told again by the next one.
        An unreachable node only delays. Raises NonceConflict when a nonce was used by a transaction that is not ours, StoreError."""
        self._onchain.follow(head)
        slots = self._outbox.slots()
        if slots:
            await self._follow_up(slots, head)
        settled, self._settled = self._settled, []
        return settled

    def _without_block(self, job: OutboxJob) -> Settled:
        newest = self._outbox.newest_transaction(job)
        return Settled(attempt_of(job, newest, self.sender), Dropped(newest.hash, job.reason))

    def _remembered_since(self) -> int:
        return self._lane.now_us() - self._options.remembered_s * 10**6

    async def _follow_up(self, slots: Sequence[NonceSlot], head: BlockRef) -> None:
        try:
            status = await self._onchain.read(slots, head, self._tracker.reported_nonces, everybody=self._overdue(slots, head))
        except (Transient, RpcError):
            # Everything is looked at again at the next head; whether the node is fit to go on with is the follower's to judge.
            return
        async with self._turn:
            result = self._tracker.judge(status, head, self._started_at)
        for note in result.notes:
            self._notice(note)
        self._settled += result.settled
        self._signed |= {attempt.transaction_hash: attempt for attempt in result.signed}
        self._accepted -= {each.hash for each in result.reopened}
        for transaction in result.reopened:
            await self._deliver(transaction)
        self._accepted -= {each.hash for each in self._long_waiting(head)}
        await self._deliver_waiting()

    def _overdue(self, slots: Sequence[NonceSlot], head: BlockRef) -> bool:
        """True now and then while something waits for long: one endpoint may keep its receipt back."""
        every = self._options.bump_after_blocks
        ages = [head.number - slot.newest.head_number for slot in slots if slot.winner is None]
        return any(age >= every and age % every == 0 for age in ages)

    def _long_waiting(self, head: BlockRef) -> Sequence[OutboxTransaction]:
        """Pools forget: what waits is offered anew every so many blocks, whoever had accepted it."""
        newest = [slot.newest for slot in self._outbox.slots() if slot.winner is None]
        every = self._options.bump_after_blocks
        return [each for each in newest if head.number > each.head_number and (head.number - each.head_number) % every == 0]

    async def _deliver_waiting(self) -> None:
        """Offer again what no node has accepted yet. What was given up or dropped is left alone: it must not come back to life."""
        for slot in self._outbox.slots():
            alive = slot.open_job is not None or slot.newest.purpose is Purpose.CANCEL
            if slot.winner is None and slot.nonce >= self._lane.used and alive and slot.newest.hash not in self._accepted:
                await self._deliver(slot.newest)

    async def _deliver(self, transaction: OutboxTransaction) -> int | None:
        """Broadcast, and answer refusals that can be answered. Whatever is not accepted is offered again at the next head.

        Returns when it was accepted, or what took its place; None when neither was."""
        waiting: OutboxTransaction | None = transaction
        for _ in range(_DELIVERY_ROUNDS):
            if waiting is None:
                return None
            answer = await self._broadcast.offer(waiting.raw)
            if isinstance(answer, Accepted):
                self._accepted.add(waiting.hash)
                return self._lane.now_us()
            waiting = await self._after_refusal(waiting, answer)
        return None

    async def _after_refusal(self, transaction: OutboxTransaction, answer: Refused) -> OutboxTransaction | None:
        """The transaction to try instead; None when there is nothing to be done now."""
        match answer.refusal:
            case Refusal.NONCE_TOO_LOW:
                return await self._moved(transaction)
            case Refusal.UNDERPRICED_REPLACEMENT:
                return await self._raised(transaction)
            case Refusal.INSUFFICIENT_FUNDS | Refusal.INVALID:
                await self._refuse(transaction, answer)
        return None

    async def _moved(self, transaction: OutboxTransaction) -> OutboxTransaction | None:
        """The nonce is used up. By an earlier transaction of ours: the job gets a fresh one. By this one: the tracker will settle it. By
        nobody we know: the tracker will say so when it stays that way."""
        slot = self._slot(transaction.nonce)
        if slot is None or transaction.purpose is not Purpose.JOB or len(slot.transactions) == 1:
            return None
        try:
            winner = await mined_hash(self._node, slot)
        except (Transient, RpcError):
            return None
        async with self._turn:
            current = self._slot(transaction.nonce)
            job = current.open_job if current is not None else None
            own = [each.hash for each in slot.of_job(transaction.job_id)]
            if winner is None or winner in own or job is None or job.id != transaction.job_id:
                return None
            return self._replaced(job, self._lane.move(job, transaction))

    async def _raised(self, transaction: OutboxTransaction) -> OutboxTransaction | None:
        """A pool holds a dearer one at this nonce than we thought: go above it as far as the budget allows."""
        async with self._turn:
            slot = self._slot(transaction.nonce)
            job = slot.open_job if slot is not None else None
            if slot is None or job is None or slot.newest.hash != transaction.hash:
                return None
            return self._replaced(job, self._lane.raise_fees(slot, job, 0, transaction.head_number))

    async def _refuse(self, transaction: OutboxTransaction, answer: Refused) -> None:
        """It is in nobody's pool. When that is true of all the job ever had at this nonce, the job is dropped and the nonce is vacant."""
        async with self._turn:
            self._refused.add(transaction.hash)
            slot = self._slot(transaction.nonce)
            job = slot.open_job if slot is not None else None
            if slot is None or job is None or job.id != transaction.job_id:
                return
            tried = slot.of_job(job.id)
            if all(each.hash in self._refused for each in tried):
                reason = f"{answer.refusal}: {answer.words}"
                self._outbox.drop(job.id, reason)
                self._settled.append(Settled(attempt_of(job, tried[-1], self.sender), Dropped(tried[-1].hash, reason)))

    def _replaced(self, job: OutboxJob, transaction: OutboxTransaction | None) -> OutboxTransaction | None:
        if transaction is not None:
            self._signed[transaction.hash] = attempt_of(job, transaction, self.sender)
        return transaction

    def _slot(self, nonce: int) -> NonceSlot | None:
        return next((slot for slot in self._outbox.slots() if slot.nonce == nonce), None)

    async def _counts(self) -> tuple[int, int, int]:
        """The account's transaction count in the newest block and with what is pending, as all endpoints agree, and the newest block."""
        questions: list[tuple[str, list[Json]]] = [("eth_getTransactionCount", [self.sender, tag]) for tag in ("latest", "pending")]
        opinions = await self._node.opinions([*questions, ("eth_blockNumber", [])])
        complete = [[answer for answer in answers if not isinstance(answer, RpcError)] for _, answers in opinions]
        answers = [[quantity(answer) for answer in each] for each in complete if len(each) == len(questions) + 1]
        if not answers:
            raise RpcUnavailable(f"no endpoint tells the transaction count of {self.sender}")
        used, pending, newest = zip(*answers, strict=True)
        return min(used), min(pending), max(newest)
