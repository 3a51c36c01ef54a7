"""Several plans in one transaction: KeeperExecutor.executeBatch runs each in a frame, with a guard and gas of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.money import Usd18
from keeper.domain.plan import LiquidationPlan

MAX_TRANSACTION_GAS = 1 << 24
"""The most gas a transaction may have where EIP-7825 is in force."""
_BATCH_GAS = 120_000
"""What every transaction costs (21,000), the lock, and what the executor keeps for the last plan's event (KeeperExecutor._RESERVE)."""
_FRAME_GAS = 40_000
"""Copying a plan into its own call, its event and its result."""
_HELD_BACK = 63
"""A call gets at most 63 of 64 parts of the gas there is (EIP-150)."""
_BYTE_GAS = 16
_PLAN_BYTES, _CALL_BYTES = 256, 256
"""Words around the calldata of a plan and of each of its calls, and padding."""
_MEASURED_PERCENT = 125
_MEASURED_ROOM = 100_000
"""A plan finds other storage touched and other ticks to cross than where it was measured, and may end up alone in its transaction."""


@dataclass(frozen=True, slots=True)
class SubPlan:
    """One plan of a batch, and the least change of the executor's worth it must bring. The plan's gas limit is all it may use."""

    venue: str
    plan: LiquidationPlan
    min_change: Usd18


def gas_in_batch(plan: LiquidationPlan) -> int:
    """What a plan adds to the gas limit of its batch: its own limit, and all that is around it."""
    size = _PLAN_BYTES + sum(_CALL_BYTES + len(call.calldata) for call in plan.calls)
    return plan.gas_limit + plan.gas_limit // _HELD_BACK + _FRAME_GAS + _BYTE_GAS * size


def batch_gas(plans: Sequence[LiquidationPlan]) -> int:
    """A gas limit under which every plan of a batch can use all of its own."""
    return _BATCH_GAS + sum(map(gas_in_batch, plans))


def measured_gas(plan: LiquidationPlan, gas_used: int) -> int:
    """A gas limit for a plan that took `gas_used` when it was tried: never more than the one it has."""
    return min(plan.gas_limit, gas_used * _MEASURED_PERCENT // 100 + _MEASURED_ROOM)
