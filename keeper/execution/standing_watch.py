"""When to check whether the operators can act."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from keeper.domain.chain import BlockRef
from keeper.errors import RpcError, Transient

_BLOCKS, _BLOCKS_WHILE_BAD = 50, 5


class Check(Protocol):
    """See `standing.StandingCheck`."""

    async def look(self, block: BlockRef) -> bool:
        """True when nothing is in the way at `block`."""


class StandingWatch:
    """Checks at the start, then every 50 blocks, and every 5 while the operator cannot act or the executor refuses its plans.

    `newest` is the chain's head: while history is being caught up with, the engine's own block is out of date. `unknown`: while a venue's
    book is being rebuilt, the rules it needs are unknown; the check is then postponed."""

    def __init__(self, check: Check, newest: Callable[[], Awaitable[BlockRef]], unknown: Callable[[], bool] = lambda: False) -> None:
        self._check = check
        self._newest = newest
        self._unknown = unknown
        self._looked_at = 0
        self._due = 0

    def doubt(self) -> None:
        """The executor has refused a plan, before or after it was sent: the operators' rights may have changed."""
        self._due = min(self._due, self._looked_at + _BLOCKS_WHILE_BAD)

    async def turn(self, number: int) -> None:
        """Look, if it is time; `number` is the engine's newest block."""
        if number < self._due:
            return
        all_clear = False
        try:
            block = await self._newest()
            if self._unknown():
                return
            self._looked_at, all_clear = max(number, block.number), await self._check.look(block)
        except (Transient, RpcError):
            # The pool has reported the endpoints that failed.
            self._looked_at = number
        self._due = self._looked_at + (_BLOCKS if all_clear else _BLOCKS_WHILE_BAD)
