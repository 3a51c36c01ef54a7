"""What a venue's own views said of its accounts, block by block, and what follows from it."""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Margin:
    """An account's equity and requirement by the venue's own views, in the venue's raw unit."""

    equity_raw: int
    requirement_raw: int


@dataclass(slots=True)
class Ledger:
    """For each account, in order, the blocks at whose end it was liquidatable and those at whose end it was flagged: its liquidation had
    begun, and anybody might go on with it. `margins` by account and block. Of a single chain."""

    breached: dict[str, list[int]] = field(default_factory=dict)
    flagged: dict[str, list[int]] = field(default_factory=dict)
    margins: dict[tuple[str, int], Margin] = field(default_factory=dict)

    def note(self, block: int, breached: Iterable[str], flagged: Iterable[str] = ()) -> None:
        """Take in who was liquidatable, and who flagged, at the end of a block; blocks come in any order."""
        for account in breached:
            insort(self.breached.setdefault(account, []), block)
        for account in flagged:
            insort(self.flagged.setdefault(account, []), block)

    def missed(self, liquidated: Mapping[str, Sequence[int]]) -> list[str]:
        """Accounts liquidatable in at least two consecutive blocks and never liquidated from the first of those on."""
        return sorted(
            account
            for account, blocks in self.breached.items()
            if any(
                following == block + 1 and not any(number >= block for number in liquidated.get(account, ()))
                for block, following in itertools.pairwise(blocks)
            )
        )

    def lateness(self, liquidated: Mapping[str, Sequence[int]], others: Mapping[str, Sequence[int]] = MappingProxyType({})) -> list[int]:
        """Blocks from the first one in which the account was liquidatable to each liquidation. A liquidation after which the
        account is still liquidatable, be it one of `others`, starts the count anew; one that goes on with a flagged account, whom the
        venue makes wait, is not counted. Negative never: one that beat the first such block counts as 0."""
        return [
            self._late(account, block, max((number for number in (*blocks, *others.get(account, ())) if number < block), default=-1))
            for account, blocks in liquidated.items()
            for block in blocks
            if block - 1 not in self.flagged.get(account, ())
        ]

    def unfinished(self, block: int) -> list[str]:
        """Accounts that were still flagged at the end of a block."""
        return sorted(account for account, blocks in self.flagged.items() if block in blocks)

    def _late(self, account: str, included: int, previous: int) -> int:
        stretch = [block for block in self.breached.get(account, ()) if previous <= block < included]
        first = included
        for block in reversed(stretch):
            if block != first - 1:
                break
            first = block
        return included - first
