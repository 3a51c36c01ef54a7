"""Sends transactions of one key and tracks each to its outcome. Semantics of Euler's liquidation-bot-v3 dispatcher (one nonce per job,
raised fees at the same nonce, a given-up nonce kept with a fee floor for the next job), for many jobs in flight, across restarts and
reorgs.

Order of every send: choose nonce and fees, sign, write to the outbox (on the disk), broadcast. Nothing is broadcast that is not written,
and what is written is broadcast with the same bytes until the chain has an answer."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Self

from keeper.domain.account import AccountKey, AccountRef
from keeper.domain.attempt import Attempt, Decided, Job, Payment, Settled
from keeper.domain.chain import Address, BlockRef, Hash32
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.domain.use import Use
from keeper.errors import NonceConflict, RpcError, SignerUnavailable, Transient
from keeper.execution.broadcast import Broadcast
from keeper.execution.delivery import Delivery
from keeper.execution.dispatcher_options import DispatcherOptions
from keeper.execution.draft import Drafting
from keeper.execution.key_lock import KeyLock, shared_folder
from keeper.execution.lane import Lane
from keeper.execution.node import ChainNode, Node
from keeper.execution.onchain_status import OnchainReader
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import NonceSlot, OutboxJob, OutboxTransaction, attempts_of
from keeper.execution.part_outcomes import dropped
from keeper.execution.signatures import Signatures
from keeper.execution.signer import Signer
from keeper.execution.spending import DAY_US, Purse
from keeper.execution.tracker import Tracker
from keeper.execution.transaction_counts import transaction_counts

__all__ = ["DispatcherOptions", "TransactionDispatcher"]
_PENDING_LOOKS = 3
_PENDING_PAUSE_S = 0.5


def _unheard(note: str) -> None:
    """Nobody wants to know."""


class TransactionDispatcher:
    """One nonce lane. An async context manager: entering takes the key's lock and opens its outbox.

    `node` is read from; all `senders` are given the transactions (`node` when there are none). `notice` is told what the operator
    should know of the nonces. `purse` is shared with the other keys under the same caps; without one the key has its own. Entering raises
    NonceConflict when another process uses the key, StoreError when the outbox cannot be used."""

    def __init__(
        self,
        options: DispatcherOptions,
        signer: Signer,
        node: ChainNode,
        *senders: Node,
        clock: Callable[[], float] = time.time,
        notice: Callable[[str], None] = _unheard,
        purse: Purse | None = None,
    ) -> None:
        self._options = options
        self._signer = signer
        self._node = node
        self._broadcast = Broadcast(senders or (node,))
        name = f"outbox-{options.chain_id}-{signer.address}"
        self._name = name
        self._outbox = Outbox(options.state_dir / f"{name}.sqlite")
        self._lane = Lane(options, signer.address, self._outbox, clock, purse or Purse())
        self._signatures = Signatures(self._lane, signer, self._outbox)
        self._delivery = Delivery(self._broadcast, node, self._outbox, self._lane, self._signatures)
        self._tracker = Tracker(options, self._lane, self._outbox, signer.address)
        self._onchain = OnchainReader(node, signer.address, options.final_after_blocks + 1)
        self._notice = notice
        self._started_at = 0
        self._settled: list[Settled] = []
        self._reopened: list[OutboxTransaction] = []
        self._offered: set[Hash32] = set()
        self._upkeep: asyncio.Task[None] | None = None
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
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.wait([self._upkeep])
        await self._broadcast.close()
        self._stack.close()

    @property
    def sender(self) -> Address:
        """The key's address."""
        return self._signer.address

    @property
    def senders(self) -> Sequence[Address]:
        """The one."""
        return (self.sender,)

    async def probe(self) -> None:
        """See `Signer.probe`."""
        await self._signer.probe()

    @property
    def open_nonces(self) -> int:
        """How many of its nonces wait to be mined."""
        return sum(slot.winner is None for slot in self._outbox.slots())

    def concerns(self, job: Job) -> bool:
        """Whether the job is this key's alone: it has done the candidate, or an earlier attempt on the account may still be mined."""
        return self._outbox.concerns(job)

    def has_signed(self, transaction: Hash32) -> bool:
        """Whether the transaction is one of this key's."""
        return self._outbox.has_signed(transaction)

    def open_accounts(self) -> frozenset[AccountRef]:
        """(venue, account) with an attempt still to be mined. A given-up attempt no longer counts: its account may be tried anew."""
        return frozenset(self._outbox.in_flight())

    def in_flight(self) -> Mapping[AccountRef, Use]:
        """What the plans of these accounts take, whichever process has sent them."""
        return self._outbox.in_flight()

    def open_gas(self) -> int:
        """The gas limits of all transactions still to be mined, together."""
        return self._outbox.open_gas()

    def candidate_of(self, transaction: Hash32, account: AccountRef) -> CandidateId | None:
        """The candidate a transaction of this key was for by this account, however long ago."""
        return self._outbox.candidate_of(transaction, account)

    def signed(self) -> Sequence[Attempt]:
        """Every transaction signed since this was last asked: first ones (as soon as their first offer has an answer), raised fees, other
        nonces, cancellations."""
        attempts = self._signatures.attempts
        names = [name for name in attempts if name not in self._offered]
        return [attempt for name in names for attempt in attempts.pop(name)]

    def outbid(self, venue: str, account: AccountKey, liquidator: str) -> None:
        """Somebody else has liquidated the account: its attempts are raised no more, and are Outbid when they revert or are cancelled."""
        self._outbox.outbid(venue, account, liquidator)

    def revalue(self, venue: str, worth_wei: Mapping[AccountKey, int]) -> None:
        """What the gas of the venue's open jobs may cost by now: it bounds what they are raised to."""
        self._lane.revalue(venue, worth_wei)

    def spending_problem(self) -> str | None:
        """Which spending cap leaves no room for the job refused last, in one sentence; None where there is room."""
        return self._lane.spending.problem()

    def rival_of(self, transaction: Hash32, account: AccountRef) -> str | None:
        """Who liquidated an account before a transaction of ours for it could; None when nobody is known to have."""
        return self._outbox.rival_of(transaction, account)

    def signed_lately(self) -> Sequence[Attempt]:
        """What was signed within `remembered_s`, and what was not acknowledged: to be compared with the lake."""
        rows = self._outbox.signed_since(self._remembered_since())
        return [attempt for job, transaction in rows for attempt in attempts_of(job, transaction, self.sender)]

    def decided_lately(self) -> Sequence[Decided]:
        """The jobs of these transactions that have their outcome."""
        return self._outbox.decided_since(self._remembered_since())

    def payments_unknown(self) -> Mapping[Address, int]:
        """Unix microseconds since when this dispatcher should know what its key has paid, and does not: its outbox is new."""
        return {self.sender: self._lane.now_us() - DAY_US} if self._outbox.is_new() else {}

    def remember(self, sender: Address, payments: Sequence[Payment]) -> None:
        """What this key has paid without this outbox: it counts towards the spending cap."""
        self._outbox.remember(payments)

    def tell_again(self, decided: Iterable[Decided]) -> None:
        """The lake lacks the outcomes of these: the next `track` hands them on. Before anything is sent."""
        self._outbox.tell_again(each.job_id for each in decided)
        self._settled = [item for job in self._outbox.dropped_untold() for item in self._without_block(job)]

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
        counts = await transaction_counts(self._node, self.sender)
        count, self._started_at = counts.used, counts.newest_block
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
            expected = max(self._outbox.next_nonce(), counts.used)
            if counts.pending <= expected:
                break
            if look == _PENDING_LOOKS - 1:
                raise NonceConflict(
                    f"{self.sender} has pending transactions up to nonce {counts.pending - 1} that this keeper did not send (its outbox "
                    f"ends at {expected - 1}); wait until they are mined, or cancel them"
                )
            await asyncio.sleep(_PENDING_PAUSE_S)
            counts = await transaction_counts(self._node, self.sender)
        await self._delivery.offer_waiting()
        jobs = [(slot, job) for slot in self._outbox.slots() if (job := slot.open_job) is not None]
        return [attempt for slot, job in jobs for attempt in attempts_of(job, slot.of_job(job.id)[-1], self.sender)]

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

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        """Sign, write to the outbox, broadcast; `fees` are raised where an earlier transaction must be replaced.

        Returns an attempt for each of the job's parts; none when budget, gas or fee limit, a spending cap or the kill switch forbid it, or
        a candidate is already under way or done. An endpoint that is down delays it: it is offered again at every head. Raises
        SignerUnavailable or StoreError, and then nothing has been sent."""
        transaction = await self._signatures.sign(partial(self._lane.enqueue, job, fees))
        if transaction is None:
            return ()
        stages = replace(job.stages, committed_us=self._lane.now_us())
        attempts = self._signatures.attempts
        self._offered.add(transaction.hash)
        try:
            accepted_us = await self._delivery.offer(transaction)
        finally:
            self._offered.discard(transaction.hash)
        stages = replace(stages, accepted_us=accepted_us)
        signed = attempts[transaction.hash] = tuple(replace(attempt, stages=stages) for attempt in attempts[transaction.hash])
        return signed

    async def track(self, head: BlockRef) -> Sequence[Settled]:
        """Look at every attempt once after a new head: settle what a canonical block has taken, raise or give up what waits too long.

        An outcome whose block is reorganised away is undone: the attempt is open again, the same bytes are broadcast again, and it is
        Settled again when it is in another block. What `acknowledge` has not confirmed when the process ends is told again by the next one.
        An unreachable node only delays. Raises NonceConflict when a nonce was used by a transaction that is not ours, StoreError."""
        self._onchain.follow(head)
        slots = self._outbox.slots()
        if slots:
            await self._follow_up(slots, head)
        settled = [*self._settled, *self._delivery.dropped]
        self._settled, self._delivery.dropped = [], []
        return settled

    def _without_block(self, job: OutboxJob) -> Sequence[Settled]:
        return dropped(job, self._outbox.newest_transaction(job), job.reason, self.sender)

    def _remembered_since(self) -> int:
        return self._lane.now_us() - self._options.remembered_s * 10**6

    async def _follow_up(self, slots: Sequence[NonceSlot], head: BlockRef) -> None:
        try:
            status = await self._onchain.read(slots, head, self._tracker.reported_nonces, everybody=self._overdue(slots, head))
        except (Transient, RpcError):
            # Everything is looked at again at the next head; whether the node is fit to go on with is the follower's to judge.
            return
        result = self._tracker.judge(status, head, self._started_at)
        for note in result.notes:
            self._notice(note)
        self._settled += result.settled
        self._reopened += result.reopened
        self._delivery.forget(each.hash for each in result.reopened)
        self._delivery.renew(head)
        if self._signer.prompt:
            await self._keep_up(result.drafts)
        elif self._upkeep is None or self._upkeep.done():
            # Heads do not wait for a signer elsewhere. What it has not signed by the next one is drafted anew then.
            if self._upkeep is not None:
                self._upkeep.result()
            self._upkeep = asyncio.create_task(self._keep_up(result.drafts))

    def _overdue(self, slots: Sequence[NonceSlot], head: BlockRef) -> bool:
        """True now and then while something waits for long: one endpoint may keep its receipt back."""
        every = self._options.bump_after_blocks
        ages = [head.number - slot.newest.head_number for slot in slots if slot.winner is None]
        return any(age >= every and age % every == 0 for age in ages)

    async def _keep_up(self, drafts: Mapping[int, Drafting]) -> None:
        """Sign what is due, offer what waits."""
        with suppress(SignerUnavailable):
            for drafting in drafts.values():
                await self._signatures.sign(drafting)
        reopened, self._reopened = self._reopened, []
        for transaction in reopened:
            await self._delivery.offer(transaction)
        await self._delivery.offer_waiting()
