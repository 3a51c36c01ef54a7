"""KeeperExecutor.executeBatch (contracts/src/KeeperExecutor.sol): several plans in one call, each with an answer of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from keeper.domain.chain import Address, RawLog
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.sub_plan import SubPlan
from keeper.execution.executor import decode_execution, no_executor, plan_calls, venue_word

_PLAN_TYPE = "(bytes32,(address,uint256,bytes,bool)[],int256,uint64)[]"
_RESULT_TYPE = "(bool,int256,uint256,bytes)[]"
_EXECUTE_BATCH = keccak(text=f"executeBatch({_PLAN_TYPE})")[:4]
_PLAN_EXECUTED = keccak(text="PlanExecuted(uint256,int256,uint256)")
_PLAN_FAILED = keccak(text="PlanFailed(uint256,uint256,bytes)")


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What became of one plan of a transaction: the change of the executor's worth, the gas it was measured to use, the revert payload
    of one that failed, and the logs of one that did not."""

    succeeded: bool = False
    change: Usd18 = ZERO_USD
    gas_used: int = 0
    reason: bytes = b""
    logs: tuple[RawLog, ...] = ()


def encode_batch(plans: Sequence[SubPlan]) -> bytes:
    """Calldata of executeBatch. Each plan fails by itself unless the executor's worth grows by its `min_change`."""
    rows = [(venue_word(each.venue), plan_calls(each.plan), each.min_change.raw, each.plan.gas_limit) for each in plans]
    return _EXECUTE_BATCH + encode([_PLAN_TYPE], [rows])


def results_of(calldata: bytes, output: bytes, executor: Address) -> tuple[PlanResult, ...]:
    """What became of each plan of a call of the executor that went through, from its return value. Raises RpcUnavailable when that does not
    decode: an endpoint is wrong, or the address is."""
    if not calldata.startswith(_EXECUTE_BATCH):
        return (PlanResult(True, decode_execution(output, executor).change),)
    try:
        (rows,) = decode([_RESULT_TYPE], output)
    except DecodingError as error:
        raise no_executor(executor) from error
    return tuple(PlanResult(succeeded, Usd18(change), gas_used, reason) for succeeded, change, gas_used, reason in rows)


def simulated(results: Sequence[PlanResult], gas_used: int, logs: tuple[RawLog, ...], duration_ms: float) -> SimSettled:
    """A transaction that was tried. Each plan of several has an outcome of its own."""
    parts = tuple(_tried(result, duration_ms) for result in results) if len(results) > 1 else ()
    return SimSettled(sum((result.change for result in results), ZERO_USD), gas_used, logs, duration_ms, parts)


def batch_results(logs: Sequence[RawLog], executor: Address, count: int) -> tuple[PlanResult, ...]:
    """What became of the `count` plans of a batch that is in a block, from the executor's own events: before each stand the logs of its
    plan. One without an event has failed."""
    results = [PlanResult()] * count
    own: list[RawLog] = []
    for log in logs:
        if log.address != executor or log.topics[0] not in (_PLAN_EXECUTED, _PLAN_FAILED):
            own.append(log)
            continue
        if log.topics[0] == _PLAN_EXECUTED:
            index, change, gas_used = decode(("uint256", "int256", "uint256"), log.data)
            results[index] = PlanResult(True, Usd18(change), gas_used, logs=tuple(own))
        else:
            index, gas_used, reason = decode(("uint256", "uint256", "bytes"), log.data)
            results[index] = PlanResult(gas_used=gas_used, reason=reason)
        own = []
    return tuple(results)


def _tried(result: PlanResult, duration_ms: float) -> SimOutcome:
    if not result.succeeded:
        return SimReverted(result.reason, result.gas_used, duration_ms)
    return SimSettled(result.change, result.gas_used, (), duration_ms)
