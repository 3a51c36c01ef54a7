"""Offers a key's signed transactions to the network until a node has each, and answers the refusals that can be answered."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from keeper.domain.attempt import Settled
from keeper.domain.chain import BlockRef, Hash32
from keeper.domain.outcome import Dropped
from keeper.errors import RpcError, SignerUnavailable, Transient
from keeper.execution.broadcast import Accepted, Broadcast, Refused
from keeper.execution.draft import Drafting
from keeper.execution.lane import Lane
from keeper.execution.node import ChainNode
from keeper.execution.onchain_status import mined_hash
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import NonceSlot, OutboxTransaction, Purpose, attempt_of
from keeper.execution.refusal import Refusal
from keeper.execution.signatures import Signatures

_ROUNDS = 4


class Delivery:
    """`every_blocks`: a transaction that waits is offered anew that often, whoever had accepted it, because pools forget.

    `dropped` are jobs whose transactions no node will ever take, until they are taken out."""

    def __init__(
        self, broadcast: Broadcast, node: ChainNode, outbox: Outbox, lane: Lane, signatures: Signatures, every_blocks: int
    ) -> None:
        self._broadcast = broadcast
        self._node = node
        self._outbox = outbox
        self._lane = lane
        self._signatures = signatures
        self._every_blocks = every_blocks
        self._accepted: set[Hash32] = set()
        self._refused: set[Hash32] = set()
        self.dropped: list[Settled] = []

    def renew(self, head: BlockRef) -> None:
        """A new head: what has waited for long is to be offered anew."""
        newest = [slot.newest for slot in self._outbox.slots() if slot.winner is None]
        ages = {each.hash: head.number - each.head_number for each in newest}
        self.forget(name for name, age in ages.items() if age > 0 and age % self._every_blocks == 0)

    def forget(self, transactions: Iterable[Hash32]) -> None:
        """Nobody has these any more."""
        self._accepted -= set(transactions)

    async def offer_waiting(self) -> None:
        """Offer again what no node has accepted yet. What was given up or dropped is left alone: it must not come back to life."""
        for slot in self._outbox.slots():
            alive = slot.open_job is not None or slot.newest.purpose is Purpose.CANCEL
            waits = slot.winner is None and slot.nonce >= self._lane.used and slot.newest.hash not in self._accepted
            if waits and alive:
                await self.offer(slot.newest)

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
            self.dropped.append(Settled(attempt_of(job, tried[-1], self._signatures.address), Dropped(tried[-1].hash, reason)))

    def _slot(self, nonce: int) -> NonceSlot | None:
        return next((slot for slot in self._outbox.slots() if slot.nonce == nonce), None)
