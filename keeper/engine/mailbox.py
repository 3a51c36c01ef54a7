"""From the evaluators to the liquidator: only the decisions of each venue's newest block count, the best ones first."""

import asyncio
from collections.abc import Callable, Sequence

from keeper.domain.account import AccountRef
from keeper.domain.chain import BlockRef
from keeper.domain.decision import Decision


class Mailbox:
    """Holds the decisions of each venue's newest block. A new block replaces them: an account still breached comes again with it.

    Several workers may take from it. Each says when it is `done`; an account being worked on is not given out a second time. `room` says
    how much gas plans of a block may be taken on now; it may grow with every new block, and when somebody is done.

    What waits is shared out among the workers that wait for it: few are tried at once, so that nobody is held up by the trial of the
    others, and more are where more are waiting."""

    def __init__(self, room: Callable[[BlockRef], int]) -> None:
        self._room = room
        self._decisions: list[Decision] = []
        self._working: set[AccountRef] = set()
        self._idle = 0
        self._changed = asyncio.Condition()
        self._newest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._decisions)

    @property
    def newest_block(self) -> int:
        """The newest block of all venues; 0 before the first."""
        return max(self._newest.values(), default=0)

    async def replace(self, venue: str, block_number: int, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Put in a venue's decisions of its newest block; returns its earlier ones that nobody had taken."""
        async with self._changed:
            self._newest[venue] = block_number
            left_over = self._take_out(venue)
            self._decisions = sorted([*self._decisions, *decisions], key=lambda decision: decision.urgency, reverse=True)
            self._changed.notify_all()
        return left_over

    async def add(self, decision: Decision) -> bool:
        """Put in one more of the venue's newest block; False where a newer one has come."""
        async with self._changed:
            if self._newest.get(decision.candidate.venue) != decision.candidate.block.number:
                return False
            self._decisions = sorted([*self._decisions, decision], key=lambda each: each.urgency, reverse=True)
            self._changed.notify_all()
        return True

    async def withdraw(self, venue: str) -> Sequence[Decision]:
        """Take out a venue's decisions that nobody has taken; returns them."""
        async with self._changed:
            withdrawn = self._take_out(venue)
            self._changed.notify_all()
        return withdrawn

    async def take(self) -> Sequence[Decision]:
        """The most urgent ones that there is room for, of one block; waits for one. What the executor's guard protects and what must be
        settled first do not come together: the former would wait for the latter."""
        async with self._changed:
            self._idle += 1
            try:
                while not (decisions := self._next()):
                    await self._changed.wait()
            finally:
                self._idle -= 1
            taken = {decision.key for decision in decisions}
            self._working |= taken
            self._decisions = [decision for decision in self._decisions if decision.key not in taken]
            return decisions

    async def done(self, decisions: Sequence[Decision]) -> None:
        """The decisions are dealt with."""
        async with self._changed:
            self._working.difference_update(decision.key for decision in decisions)
            self._changed.notify_all()

    async def drained(self) -> None:
        """Waits until nothing is left that could be taken now and nobody works."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._working and not self._next())

    def _next(self) -> Sequence[Decision]:
        waiting = [decision for decision in self._decisions if decision.key not in self._working]
        if not waiting:
            return ()
        block, must_pay = waiting[0].candidate.block, waiting[0].must_pay
        room, fitting = self._room(block), list[Decision]()
        share = -(-len(waiting) // max(1, self._idle))
        for decision in waiting:
            if decision.candidate.block.hash != block.hash or decision.must_pay != must_pay:
                continue
            room -= decision.plan.gas_limit
            if room < 0 or len(fitting) == share:
                break
            fitting.append(decision)
        return fitting

    def _take_out(self, venue: str) -> Sequence[Decision]:
        own = [decision for decision in self._decisions if decision.candidate.venue == venue]
        self._decisions = [decision for decision in self._decisions if decision.candidate.venue != venue]
        return own
