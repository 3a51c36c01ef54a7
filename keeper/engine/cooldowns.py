"""Accounts whose plans reverted rest for a while: not at all the first time, which may only be a matter of timing, then ever longer."""

from keeper.domain.account import AccountRef


class Cooldowns:
    """`most_blocks`: the longest rest."""

    def __init__(self, most_blocks: int) -> None:
        self._most_blocks = most_blocks
        self._ends: dict[AccountRef, int] = {}
        self._failures: dict[AccountRef, int] = {}

    def is_over(self, account: AccountRef, head: int) -> bool:
        """Whether the account may be tried at this block."""
        return self._ends.get(account, -1) <= head

    def reverted(self, account: AccountRef, block_number: int) -> None:
        """A plan of this block reverted."""
        failures = self._failures[account] = self._failures.get(account, 0) + 1
        self._ends[account] = block_number + min(2 ** (failures - 1) - 1, self._most_blocks) + 1

    def passed(self, account: AccountRef) -> None:
        """A plan went through."""
        self._failures.pop(account, None)
