"""Batches on the wire, against the executor's committed ABI: what is encoded, what a call returns, what a block's events say."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Hash32, RawLog
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimReverted, SimSettled
from keeper.domain.parse import address
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.sub_plan import SubPlan
from keeper.errors import RpcUnavailable
from keeper.execution.batch import PlanResult, batch_results, encode_batch, results_of, simulated
from keeper.execution.executor import encode_execute

EXECUTOR, TARGET = address("0x" + "ee" * 20), address("0x" + "aa" * 20)
HASH = Hash32("0x" + "11" * 32)
PLANS = "(bytes32,(address,uint256,bytes,bool)[],int256,uint64)[]"
RESULTS = "(bool,int256,uint256,bytes)[]"


def _plan(gas: int, data: bytes = b"\x01") -> LiquidationPlan:
    call = LiquidationCall(TARGET, data, CallPurpose.LIQUIDATE, may_fail=True, value_wei=3)
    return LiquidationPlan(AccountKey("x"), "ETH", Breach.POSITIONS, 1, ZERO_USD, ZERO_USD, ZERO_USD, ZERO_USD, gas, (call,))


def _abi(name: str) -> Any:
    entries: list[dict[str, Any]] = json.loads(files("contracts").joinpath("abi/keeper/KeeperExecutor.json").read_text())["abi"]
    return next(entry for entry in entries if entry.get("name") == name)


def _log(name: str, types: tuple[str, ...], *values: object) -> RawLog:
    return RawLog(EXECUTOR, (event_abi_to_log_topic(_abi(name)),), encode(types, values), 1, HASH, HASH, 0)


def _other(index: int) -> RawLog:
    return RawLog(TARGET, (), b"", 1, HASH, HASH, index)


@given(plans=st.lists(st.tuples(st.binary(max_size=80), st.integers(-(2**255), 2**255 - 1), st.integers(0, 2**64 - 1)), max_size=4))
def test_what_is_encoded_is_what_the_contract_reads(plans: list[tuple[bytes, int, int]]) -> None:
    data = encode_batch([SubPlan("perp_v2", _plan(gas, payload), Usd18(least)) for payload, least, gas in plans])
    assert data[:4] == function_abi_to_4byte_selector(_abi("executeBatch"))
    (read,) = decode([PLANS], data[4:])
    venue = b"perp_v2".ljust(32, b"\0")
    assert list(read) == [(venue, ((TARGET, 3, payload, True),), least, gas) for payload, least, gas in plans]


def test_each_plan_has_its_own_answer() -> None:
    calldata = encode_batch([SubPlan("perp_v2", _plan(1), ZERO_USD)] * 2)
    output = encode([RESULTS], [[(True, 5, 100, b""), (False, 0, 70, b"why")]])
    results = results_of(calldata, output, EXECUTOR)
    assert results == (PlanResult(True, Usd18(5), 100), PlanResult(gas_used=70, reason=b"why"))
    outcome = simulated(results, 190, (), 2.0)
    assert (outcome.change, outcome.gas_used) == (Usd18(5), 190)
    assert outcome.parts == (SimSettled(Usd18(5), 100, (), 2.0), SimReverted(b"why", 70, 2.0))


def test_a_single_plan_has_no_parts() -> None:
    calldata = encode_execute("perp_v2", _plan(1), ZERO_USD)
    results = results_of(calldata, encode(("int256", "bool[]"), (-5, [True])), EXECUTOR)
    assert simulated(results, 0, (), 2.0) == SimSettled(Usd18(-5), 0, (), 2.0)


@pytest.mark.parametrize("output", [b"", b"\x01", bytes(32) + b"\xff" * 32])
def test_another_contract_is_named(output: bytes) -> None:
    calldata = encode_batch([SubPlan("perp_v2", _plan(1), ZERO_USD)] * 2)
    with pytest.raises(RpcUnavailable, match=f"address of the executor: what {EXECUTOR} answers"):
        results_of(calldata, output, EXECUTOR)


def test_the_logs_before_an_event_are_its_plans() -> None:
    first, second = (_log("PlanExecuted", ("uint256", "int256", "uint256"), index, 7 + index, 100) for index in (0, 2))
    failed = _log("PlanFailed", ("uint256", "uint256", "bytes"), 1, 60, b"CH_EAV")
    results = batch_results([_other(0), _other(1), first, failed, _other(2), second], EXECUTOR, 4)
    assert [result.succeeded for result in results] == [True, False, True, False]
    assert [result.logs for result in results] == [(_other(0), _other(1)), (), (_other(2),), ()]
    assert [result.gas_used for result in results] == [100, 60, 100, 0]
    assert results[1].reason == b"CH_EAV"
