"""What a rival offers for its place in a block."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bid:
    """Wei per unit of gas (EIP-1559). anvil orders by `max_fee_wei`, and equal bids by their arrival."""

    max_fee_wei: int
    tip_wei: int

    def above(self) -> Bid:
        """Twice as much: it stands before this one, in whatever order they come."""
        return Bid(2 * self.max_fee_wei, 2 * self.tip_wei)


def bid_at(base_fee_wei: int, tip_wei: int) -> Bid:
    """With room for two full blocks, as the keeper leaves it: at the same base fee and tip both bid the same."""
    return Bid(base_fee_wei * 81 // 64 + 1 + tip_wei, tip_wei)
