"""Offers a key's signed transactions to the network until a node has each, and answers the refusals that can be answered."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from keeper.domain.attempt import Settled
from keeper.domain.chain import BlockRef, Hash32
from keeper.errors import RpcError, SignerUnavailable, Transient
from keeper.execution.broadcast import Accepted, Broadcast, Refused
from keeper.execution.draft import Drafting
from keeper.execution.lane import Lane
from keeper.execution.node import ChainNode
from keeper.execution.onchain_status import mined_hash
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import NonceSlot, OutboxTransaction, Purpose
from keeper.execution.part_outcomes import dropped
from keeper.execution.refusal import Refusal
from keeper.execution.signatures import Signatures

_ROUNDS = 4


class Delivery:
    """`dropped` are jobs whose transactions no node will ever take, until they are taken out."""

    def __init__(self, broadcast: Broadcast, node: ChainNode, outbox: Outbox, lane: Lane, signatures: Signatures) -> None:
        self._broadcast = broadcast
        self._node = node
        self._outbox = outbox
        self._lane = lane
        self._signatures = signatures
        self._accepted: set[Hash32] = set()
        self._refused: set[Hash32] = set()
        self.dropped: list[Settled] = []

    def renew(self, head: BlockRef) -> None:
        """A new head: pools forget, some of them all that stands behind what did not fit into a block. What it has left over is to be
        offered anew, whoever had accepted it."""
        newest = [slot.newest for slot in self._outbox.slots() if slot.winner is None]
        self.forget(each.hash for each in newest if head.number > each.head_number)

    def forget(self, transactions: Iterable[Hash32]) -> None:
        """Nobody has these any more."""
        self._accepted -= set(transactions)

    async def offer_waiting(self) -> None:
        """Offer again what no node has accepted yet. What was given up or dropped is left alone: it must not come back to life."""
        waiting = [slot for slot in self._outbox.slots() if slot.winner is None and slot.nonce >= self._lane.used]
        alive = [slot.newest for slot in waiting if slot.open_job is not None or slot.newest.purpose is Purpose.CANCEL]
        await asyncio.gather(*(self.offer(each) for each in alive if each.hash not in self._accepted))

    async def offer(self, transaction: OutboxTransaction) -> int | None:
        """Broadcast. Whatever is not accepted is offered again at the next head.

        Returns when it was accepted (Unix microseconds), or what took its place; None when neither was."""
        waiting: OutboxTransaction | None = transaction
        for _ in range(_ROUNDS):
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
                # A pool holds a dearer one at this nonce than we thought: go above it as far as the budget allows.
                return await self._replacement(partial(self._lane.raise_fees, transaction, 0, transaction.head_number))
            case Refusal.INSUFFICIENT_FUNDS | Refusal.INVALID:
                self._refuse(transaction, answer)
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
        if winner is None or winner in [each.hash for each in slot.of_job(transaction.job_id)]:
            return None
        return await self._replacement(partial(self._lane.move, transaction))

    async def _replacement(self, drafting: Drafting) -> OutboxTransaction | None:
        with suppress(SignerUnavailable):
            return await self._signatures.sign(drafting)
        return None

    def _refuse(self, transaction: OutboxTransaction, answer: Refused) -> None:
        """It is in nobody's pool. When that is true of all the job ever had at this nonce, the job is dropped and the nonce is vacant."""
        self._refused.add(transaction.hash)
        slot = self._slot(transaction.nonce)
        job = slot.open_job if slot is not None else None
        if slot is None or job is None or job.id != transaction.job_id:
            return
        tried = slot.of_job(job.id)
        if all(each.hash in self._refused for each in tried):
            reason = f"{answer.refusal}: {answer.words}"
            self._outbox.drop(job.id, reason)
            self.dropped += dropped(job, tried[-1], reason, self._signatures.address)

    def _slot(self, nonce: int) -> NonceSlot | None:
        return next((slot for slot in self._outbox.slots() if slot.nonce == nonce), None)
