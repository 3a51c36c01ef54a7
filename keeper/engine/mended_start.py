"""A start that does not give up a venue before its rows were compared with the chain."""

import asyncio

from keeper.engine.evaluator import Evaluator
from keeper.engine.faults import Faults
from keeper.engine.holds import Mender
from keeper.engine.ports import LakeRecorder
from keeper.engine.recovery import Evaluators, Recovery
from keeper.engine.start import Start
from keeper.errors import RpcError, StateDivergence, Transient


class MendedStart:
    """Recovery; a venue whose recorded events do not fit together is mended and recovered once more."""

    def __init__(self, recovery: Recovery, mender: Mender, memory: LakeRecorder, finality_depth: int) -> None:
        self._recovery = recovery
        self._mender = mender
        self._memory = memory
        self._finality_depth = finality_depth

    async def run(self, evaluators: Evaluators) -> Start:
        """Where following begins. A venue that nothing helps is in the start's faults; the fault of the last one is raised.

        Raises ConfigError where a venue's snapshot finds wrong addresses, and Fatal."""
        start = await self._recovery.run(evaluators)
        faults = Faults(start.faults)
        diverged = {name: fault for name, fault in start.faults.items() if isinstance(fault, StateDivergence)}
        if diverged:
            await asyncio.to_thread(self._memory.flush)
            for name, fault in diverged.items():
                del faults[name]
                with faults.of(name):
                    await self._mend(name, evaluators[name], fault)
            mended = await self._recovery.run(faults.spared({name: evaluators[name] for name in diverged}))
            start = Start({**start.positions, **mended.positions}, start.head, {**faults, **mended.faults})
        if not start.positions:
            raise next(iter(start.faults.values()))
        return start

    async def _mend(self, name: str, evaluator: Evaluator, fault: StateDivergence) -> None:
        """Rows and book. Raises VenueFault where that does not help, or nobody can tell now."""
        cursor = self._memory.recovered(name, self._finality_depth).cursor
        try:
            if cursor is not None:
                await self._mender.mend(name, evaluator, cursor, str(fault))
        except (Transient, RpcError) as error:
            raise StateDivergence(f"{fault}; it cannot be mended now, start again: {error}") from error
        evaluator.forget()
