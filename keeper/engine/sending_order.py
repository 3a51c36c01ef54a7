"""Plans of one market go out in the order they were made: each was made on what those before it leave there."""

import asyncio
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager


class Place:
    """One worker's place in the order."""

    def __init__(self, before: Sequence[asyncio.Event], left: asyncio.Event) -> None:
        self._before = before
        self._left = left

    async def turn(self) -> None:
        """Waits until all before it have left."""
        for event in self._before:
            await event.wait()

    def leave(self) -> None:
        """Let the next ones come."""
        self._left.set()


class SendingOrder:
    """Several workers settle cases at the same time and finish in any order; before sending each waits for its turn."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], asyncio.Event] = {}

    @contextmanager
    def place(self, markets: Set[tuple[str, str]]) -> Iterator[Place]:
        """A place behind everybody who has one in these markets (venue, market). It is left at the end if not before."""
        before = [self._last[market] for market in markets if market in self._last]
        left = asyncio.Event()
        self._last |= dict.fromkeys(markets, left)
        place = Place(before, left)
        try:
            yield place
        finally:
            place.leave()
