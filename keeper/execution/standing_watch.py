"""When to look whether the operator can act."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from keeper.domain.chain import BlockRef
from keeper.errors import RpcError, Transient

_BLOCKS, _BLOCKS_WHILE_BAD = 50, 5


class Check(Protocol):
    """Looks at the chain; see `standing.StandingCheck`."""

    async def look(self, block: BlockRef) -> bool:
        """True when nothing is in the way at `block`."""


class StandingWatch:
    """Looks at first, every 50 blocks from there on, and every 5 while the operator cannot act or the executor refuses his plans.

    `newest` is the chain's head: while history is caught up with, the block that is followed says nothing about today. `unknown`: what the
    executor should allow cannot be told at the moment, because a venue's book is being rebuilt; the look is then put off."""

    def __init__(self, check: Check, newest: Callable[[], Awaitable[BlockRef]], unknown: Callable[[], bool] = lambda: False) -> None:
        self._check = check
        self._newest = newest
        self._unknown = unknown
        self._looked_at = 0
        self._due = 0

    def doubt(self) -> None:
        """The executor has refused a plan: his rights may have changed."""
        self._due = min(self._due, self._looked_at + _BLOCKS_WHILE_BAD)

    async def turn(self, followed: int) -> None:
        """Look, if it is time; `followed` is the newest block that was worked on."""
        if followed < self._due:
            return
        good = False
        try:
            block = await self._newest()
            if self._unknown():
                return
            self._looked_at, good = max(followed, block.number), await self._check.look(block)
        except (Transient, RpcError):
            # The pool has told who failed.
            self._looked_at = followed
        self._due = self._looked_at + (_BLOCKS if good else _BLOCKS_WHILE_BAD)
