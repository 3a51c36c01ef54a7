"""From the evaluators to the liquidator: only the cases of each venue's newest block count, the best one first."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.decision import Candidate, Liquidate
from keeper.domain.venue import AccountRef, LiquidationPlan
from keeper.engine.tariff import Tariff


@dataclass(frozen=True, slots=True)
class Case:
    """A candidate with its plan and the decision to go on with it. `urgency` is the order it was planned in, see `urgency_of`.

    `unwind` marks the closing of what the executor took over: it lowers risk, so no profit is asked of it."""

    candidate: Candidate
    decision: Liquidate
    urgency: tuple[int, int]
    tariff: Tariff
    unwind: bool = False

    @property
    def plan(self) -> LiquidationPlan:
        """What would be done."""
        return self.decision.plan

    @property
    def key(self) -> AccountRef:
        """Venue and account."""
        return (self.candidate.venue, self.candidate.account)

    @property
    def markets(self) -> frozenset[tuple[str, str]]:
        """Venue and market of every pool the plan trades in."""
        return frozenset((self.candidate.venue, market) for market in self.plan.use.base_x18)


def urgency_of(blocks_breached: int, profit_x18: int) -> tuple[int, int]:
    """The overdue by their age, before the fresh by their profit; the greatest goes first. `blocks_breached` is 0 in the block a breach was
    first seen, `profit_x18` what the candidate would bring alone."""
    return (blocks_breached if blocks_breached > 1 else 0, profit_x18)


class Mailbox:
    """Holds the cases of each venue's newest block. A new block replaces them: an account still breached comes again with it.

    Several workers may take from it. Each says when it is `done`; an account being worked on is not given out a second time."""

    def __init__(self) -> None:
        self._cases: list[Case] = []
        self._working: set[AccountRef] = set()
        self._changed = asyncio.Condition()
        self._newest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._cases)

    @property
    def newest_block(self) -> int:
        """The newest block of all venues; 0 before the first."""
        return max(self._newest.values(), default=0)

    async def replace(self, venue: str, block_number: int, cases: Sequence[Case]) -> Sequence[Case]:
        """Put in a venue's cases of its newest block; returns its earlier ones that nobody had taken."""
        async with self._changed:
            self._newest[venue] = block_number
            left_over = self._take_out(venue)
            self._cases = sorted([*self._cases, *cases], key=lambda case: case.urgency, reverse=True)
            self._changed.notify_all()
        return left_over

    async def withdraw(self, venue: str) -> Sequence[Case]:
        """Take out a venue's cases that nobody has taken; returns them."""
        async with self._changed:
            withdrawn = self._take_out(venue)
            self._changed.notify_all()
        return withdrawn

    async def take(self) -> Case:
        """The most urgent case; waits for one."""
        async with self._changed:
            while True:
                for case in self._cases:
                    if case.key not in self._working:
                        self._cases.remove(case)
                        self._working.add(case.key)
                        return case
                await self._changed.wait()

    async def done(self, case: Case) -> None:
        """The case is dealt with."""
        async with self._changed:
            self._working.discard(case.key)
            self._changed.notify_all()

    async def drained(self) -> None:
        """Waits until nothing is left and nobody works."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._cases and not self._working)

    def _take_out(self, venue: str) -> Sequence[Case]:
        own = [case for case in self._cases if case.candidate.venue == venue]
        self._cases = [case for case in self._cases if case.candidate.venue != venue]
        return own
