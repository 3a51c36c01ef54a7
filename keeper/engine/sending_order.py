"""Plans of one market go out in the order they were made: each was made on what those before it leave there."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Set
from contextlib import contextmanager
from typing import TypeAlias

Turn: TypeAlias = Callable[[], Coroutine[None, None, None]]


class SendingOrder:
    """Several workers settle cases at the same time and finish in any order; before sending each waits for its turn."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], asyncio.Event] = {}

    @contextmanager
    def place(self, markets: Set[tuple[str, str]]) -> Iterator[Turn]:
        """A place behind everybody who has one in these markets (venue, market). The turn comes when all of them have left theirs."""
        before = [self._last[market] for market in markets if market in self._last]
        left = asyncio.Event()
        self._last |= dict.fromkeys(markets, left)

        async def turn() -> None:
            for event in before:
                await event.wait()

        try:
            yield turn
        finally:
            left.set()
