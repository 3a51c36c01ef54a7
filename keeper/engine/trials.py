"""Transactions tried before they are sent: by `eth_call` at the endpoints, or on the fork. Every plan's result leaves a row."""

from collections.abc import Callable, Mapping, Sequence

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.decision import Decision
from keeper.domain.money import Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.engine import recording
from keeper.engine.batch import Batch
from keeper.engine.ports import Recorder, Simulator
from keeper.engine.recording import BlockKeys
from keeper.errors import BlockUnknown, RpcError


class Trials:
    """`sender` is the account that would send now; `name_revert`, by venue: the words for a revert payload."""

    def __init__(
        self,
        simulator: Simulator,
        sender: Callable[[], Address],
        recorder: Recorder,
        chain_id: int,
        name_revert: Mapping[str, Callable[[bytes], str]],
    ) -> None:
        self._simulator = simulator
        self._sender = sender
        self._recorder = recorder
        self._chain_id = chain_id
        self._name_revert = name_revert

    async def call(self, batch: Batch) -> Sequence[SimOutcome] | None:
        """The pre-check: an outcome for each plan. None where a batch as a whole reverts or is refused: too much gas for the node, or an
        executor that knows no batches. Raises as `Simulator.pre_check`."""
        try:
            outcome = await self._simulator.pre_check(*self._transaction(batch))
        except BlockUnknown:
            raise
        except RpcError:
            if len(batch.decisions) == 1:
                raise
            return None
        outcomes = _each(batch, outcome)
        if outcomes is not None:
            self._record(batch, "call", outcomes)
        return outcomes

    async def fork(self, batch: Batch) -> Sequence[SimOutcome]:
        """The settlement: an outcome for each plan, with the gas it takes. Raises as `Simulator.settle`."""
        outcome = await self._simulator.settle(*self._transaction(batch))
        outcomes = _each(batch, outcome) or [outcome] * len(batch.decisions)
        self._record(batch, "fork", outcomes)
        return outcomes

    def reason(self, decision: Decision, outcome: SimReverted) -> str:
        """Why the plan reverted, in its venue's words."""
        return self._name_revert[decision.candidate.venue](outcome.data)

    def _transaction(self, batch: Batch) -> tuple[Address, Address, bytes, int, BlockRef, Timestamp]:
        """What the simulator is to run: sender, target, calldata, gas limit, the block it stands on and the time it would run at."""
        return self._sender(), batch.to, batch.calldata, batch.gas_limit, batch.block, batch.at

    def _record(self, batch: Batch, method: str, outcomes: Sequence[SimOutcome]) -> None:
        rows = []
        for decision, outcome in zip(batch.decisions, outcomes, strict=True):
            keys = BlockKeys(self._chain_id, decision.candidate.venue, decision.candidate.block)
            reason = self.reason(decision, outcome) if isinstance(outcome, SimReverted) else None
            profit_usd = gross_profit(decision.plan, outcome).units if isinstance(outcome, SimSettled) else None
            rows.append(recording.simulation_row(keys, decision.candidate, method, outcome, reason, profit_usd))
        self._recorder.append(rows)


def gross_profit(plan: LiquidationPlan, outcome: SimSettled) -> Usd18:
    """What the plan brought before gas, from the change of the executor's worth."""
    return outcome.change - plan.break_even


def _each(batch: Batch, outcome: SimOutcome) -> Sequence[SimOutcome] | None:
    """The outcome of each plan; None where those of several are not told apart."""
    if len(batch.decisions) == 1:
        return (outcome,)
    return outcome.parts if isinstance(outcome, SimSettled) and len(outcome.parts) == len(batch.decisions) else None
