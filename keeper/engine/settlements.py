"""Settlements nobody waits for: a guarded plan is sent on its pre-check and settled on the fork when there is time, for the record."""

import asyncio

from keeper.engine.batch import Batch

_MOST = 1024
"""A node forgets a block's state after some hundred blocks: what waits longer could not be settled any more."""


class Settlements:
    """Those still to be made, the oldest first; where too many wait, the oldest is given up. Of `every` so many only one is made."""

    def __init__(self, every: int = 1) -> None:
        self._every = every
        self._sent = 0
        self._queue: asyncio.Queue[Batch] = asyncio.Queue(_MOST)

    def __len__(self) -> int:
        return self._queue.qsize()

    def add(self, batch: Batch) -> None:
        """Settle it later, if it is its turn."""
        self._sent += 1
        if self._sent % self._every != 1 % self._every:
            return
        if self._queue.full():
            self._queue.get_nowait()
            self._queue.task_done()
        self._queue.put_nowait(batch)

    async def take(self) -> Batch:
        """The oldest; waits for one. Say `done` afterwards."""
        return await self._queue.get()

    def done(self) -> None:
        """The one taken last is dealt with."""
        self._queue.task_done()

    async def drained(self) -> None:
        """Waits until none is left."""
        await self._queue.join()
