"""One block of a chain, put together from what its venues make of it."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field

from keeper.domain.chain import BlockRef
from keeper.domain.records import MicroTime
from keeper.engine.venue_lane import VenueBlock


@dataclass(slots=True)
class BlockParts:
    """Waits for the parts of `venues`. Once the block's row is made, a part that comes later is its venue's own affair."""

    block: BlockRef
    received: MicroTime
    history: bool
    venues: set[str]
    parts: dict[str, VenueBlock] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """Venues that could not read the block yet."""
    recorded: bool = False
    """Whether the block has its row: what comes later is added to it."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def closed(self) -> bool:
        """Whether the time to make the block's row has passed."""
        return self._closed.is_set()

    @property
    def missing(self) -> frozenset[str]:
        """Venues whose part is still to come."""
        return frozenset(self.venues - self.parts.keys())

    def put(self, venue: str, part: VenueBlock) -> None:
        """A venue's part; one without evaluation says that it comes later."""
        if part.evaluation is None:
            self.unread.add(venue)
        else:
            self.parts[venue] = part
        self._changed.set()

    def leave_out(self, venue: str) -> None:
        """The venue has stopped."""
        self.venues.discard(venue)
        self._changed.set()

    async def gather(self, punctual: Collection[str], patience_s: float) -> None:
        """Returns when one of the `punctual` venues has given its part and the rest of them have had `patience_s` more, or none of them is
        left that could. Who is behind already is not waited for."""
        while self._awaited(punctual) and not self.parts:
            await self._change()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self._awaited(punctual):
                    await self._change()

    def close(self) -> None:
        """No more waiting."""
        self._closed.set()

    async def wait_closed(self) -> None:
        """Returns when the block's row is handed over."""
        await self._closed.wait()

    def _awaited(self, punctual: Collection[str]) -> bool:
        return bool((self.missing - self.unread).intersection(punctual))

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
