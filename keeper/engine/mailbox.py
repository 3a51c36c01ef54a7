"""From the evaluator to the liquidator: only the newest block's cases count, the best one first."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.decision import Candidate, Liquidate
from keeper.domain.venue import LiquidationPlan


@dataclass(frozen=True, slots=True)
class Case:
    """A candidate with its plan and the decision to go on with it. `blocks_breached` is 0 in the block it was first seen.

    `unwind` marks the closing of what the executor took over: it lowers risk, so no profit is asked of it."""

    candidate: Candidate
    decision: Liquidate
    blocks_breached: int
    unwind: bool = False

    @property
    def plan(self) -> LiquidationPlan:
        """What would be done."""
        return self.decision.plan

    @property
    def urgency(self) -> tuple[int, int]:
        """The overdue by their age, before the fresh by their profit; the greatest goes first."""
        return (self.blocks_breached if self.blocks_breached > 1 else 0, self.decision.economics.profit_x18)


class Mailbox:
    """Holds the cases of the newest block. A new block replaces them: an account still breached comes again with it."""

    def __init__(self) -> None:
        self._cases: list[Case] = []
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.newest_block = 0

    def __len__(self) -> int:
        return len(self._cases)

    def replace(self, block_number: int, cases: Sequence[Case]) -> Sequence[Case]:
        """Put in the newest block's cases; returns the ones nobody had taken."""
        self.newest_block = block_number
        left_over, self._cases = self._cases, sorted(cases, key=lambda case: case.urgency, reverse=True)
        if self._cases:
            self._filled.set()
            self._idle.clear()
        return left_over

    async def take_round(self) -> Sequence[Case]:
        """All cases of the newest block, the most urgent first; waits for some. One round shares one fork of that block."""
        while not self._cases:
            self._idle.set()
            self._filled.clear()
            await self._filled.wait()
        taken, self._cases = self._cases, []
        return taken

    async def drained(self) -> None:
        """Waits until everything taken has been worked on and nothing is left."""
        await self._idle.wait()
