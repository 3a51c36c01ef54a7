"""A transaction of the executor before it is signed: one plan by itself, or several."""

from dataclasses import dataclass

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Decision


@dataclass(frozen=True, slots=True)
class Batch:
    """A call of the executor (`to`), not signed yet: its decisions in order, all of one block, and the time it would run at."""

    decisions: tuple[Decision, ...]
    to: Address
    calldata: bytes
    gas_limit: int
    at: Timestamp

    @property
    def block(self) -> BlockRef:
        """The block it stands on."""
        return self.decisions[0].candidate.block

    @property
    def must_pay(self) -> bool:
        """Whether every one of its plans is held to a profit by the executor."""
        return all(decision.must_pay for decision in self.decisions)
