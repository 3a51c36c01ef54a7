"""Venues that must not act, because their state or their endpoints are in doubt. They go on by themselves when the doubt is over."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from keeper.domain.chain import BlockRef
from keeper.domain.records import Record
from keeper.engine.evaluator import Evaluator
from keeper.errors import BlockUnknown, RpcError, StateDivergence, Transient


class Mender(Protocol):
    """Mends a venue, see `engine.repair.Repair`."""

    async def run(self, name: str, evaluator: Evaluator, block: BlockRef) -> None:
        """Compare everybody at `block` and mend what differs."""

    async def mend(self, name: str, evaluator: Evaluator, block: BlockRef, divergence: str) -> None:
        """Correct rows and book, whoever differs."""


class Holds:
    """Which venues are held. `report` tells the operator: (part, sentence), None for the sentence when it is over."""

    def __init__(self, mender: Mender, report: Callable[[str, str | None], None]) -> None:
        self._mender = mender
        self._report = report
        self._held: dict[str, Sequence[Record]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def place(self, name: str, fault: StateDivergence, evidence: Sequence[Record]) -> None:
        """The venue's state differs from the chain's: it is held until `lift` has mended it. `evidence` are the rows that say so."""
        self._held[name] = evidence
        self._report(_part(name), f"held until it is mended: {fault}")

    async def lift(self, evaluators: Mapping[str, Evaluator], block: BlockRef) -> Sequence[tuple[str, StateDivergence, Sequence[Record]]]:
        """Try to mend every held venue at `block`, the newest recorded one. Returns those that nothing helps, with the evidence: they must
        stop. A difference that was a lie, or is mended, is no row of comparisons."""
        hopeless: list[tuple[str, StateDivergence, Sequence[Record]]] = []
        for name in sorted(self._held.keys() & evaluators.keys()):
            try:
                await self._mender.run(name, evaluators[name], block)
            except StateDivergence as fault:
                hopeless.append((name, fault, self._held[name]))
            except (Transient, RpcError) as error:
                self._report(_part(name), f"held: {error}")
            else:
                del self._held[name]
                self._report(_part(name), None)
        return hopeless

    async def mend(self, name: str, evaluator: Evaluator, block: BlockRef, fault: StateDivergence) -> None:
        """An event of the block after `block` does not fit the book. Raises StateDivergence when nothing helps, and BlockUnknown while the
        chain cannot tell: the block must wait."""
        self._report(_part(name), f"held until it is mended: {fault}")
        try:
            await self._mender.mend(name, evaluator, block, str(fault))
        except (Transient, RpcError) as error:
            raise BlockUnknown(0, f"{name} cannot be mended yet: {error}") from error
        self._report(_part(name), None)


def _part(name: str) -> str:
    return f"venue {name}"
