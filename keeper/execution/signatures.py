"""The signatures of one key, one at a time: drafted, signed, written."""

import asyncio

from keeper.domain.attempt import Attempt
from keeper.domain.chain import Hash32
from keeper.execution.draft import Drafting
from keeper.execution.lane import Lane
from keeper.execution.outbox import Outbox
from keeper.execution.outbox_rows import OutboxTransaction, attempts_of
from keeper.execution.signer import Signer


class Signatures:
    """While a signature is awaited nobody else gets one of this key, so nobody takes the nonce; the tracker goes on, and may settle or give
    up what is being signed. A signature that came too late for its draft is thrown away: it was never sent, and its nonce is free.

    `attempts` are those signed, until they are taken out."""

    def __init__(self, lane: Lane, signer: Signer, outbox: Outbox) -> None:
        self.address = signer.address
        self._lane = lane
        self._signer = signer
        self._outbox = outbox
        self._turn = asyncio.Lock()
        self.attempts: dict[Hash32, tuple[Attempt, ...]] = {}

    async def sign(self, drafting: Drafting) -> OutboxTransaction | None:
        """What is in the outbox now, to be sent. None when nothing is to be signed (any more). Raises SignerUnavailable or StoreError."""
        async with self._turn:
            draft = drafting()
            if draft is None:
                return None
            envelope = await self._signer.sign(draft.unsigned)
            if not self._signer.prompt and drafting() != draft:
                return None
            transaction = self._lane.write(draft, envelope)
        job = self._outbox.job(transaction.job_id)
        self.attempts[transaction.hash] = attempts_of(job, transaction, self.address)
        return transaction
