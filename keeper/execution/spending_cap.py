"""How much the keys of one executor may pay for gas within a day, all together."""

from typing import Protocol


class Payer(Protocol):
    """One key."""

    def spending_wei(self) -> int:
        """What it has paid in the last 24 hours and may have to pay for what it has signed, wei."""


class SpendingCap:
    """Asked right before a transaction is written, when no other can be: so the sum never exceeds it, whoever signs meanwhile."""

    def __init__(self, limit_wei: int) -> None:
        self._limit_wei = limit_wei
        self._payers: list[Payer] = []

    def join(self, payer: Payer) -> None:
        """From now on its payments count."""
        self._payers.append(payer)

    def allows(self, payer: Payer, spending_wei: int) -> bool:
        """Whether this payer's spending may come to so much."""
        others_wei = sum(each.spending_wei() for each in self._payers if each is not payer)
        return others_wei + spending_wei <= self._limit_wei
