"""Encoding for KeeperExecutor against its committed ABI, and reading what it answers."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_utils.abi import function_abi_to_4byte_selector
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.health import Breach
from keeper.domain.money import Usd18
from keeper.domain.parse import address
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.errors import RpcUnavailable
from keeper.execution.executor import (
    Execution,
    decode_execution,
    encode_execute,
)

EXECUTOR = address("0x" + "ee" * 20)
TARGET = address("0x" + "aa" * 20)


def plan(calls: list[tuple[bytes, bool, int]]) -> LiquidationPlan:
    return LiquidationPlan(
        account=AccountKey("x"),
        market="ETH",
        breach=Breach.POSITIONS,
        size_x18=1,
        notional=Usd18(1),
        expected_reward=Usd18(1),
        expected_cost=Usd18(1),
        capital=Usd18(1),
        gas_limit=1,
        calls=tuple(LiquidationCall(TARGET, data, CallPurpose.LIQUIDATE, may_fail, wei) for data, may_fail, wei in calls),
    )


def abi(name: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = json.loads(files("contracts").joinpath("abi/keeper/KeeperExecutor.json").read_text())["abi"]
    return next(entry for entry in entries if entry.get("name") == name)


@given(
    calls=st.lists(st.tuples(st.binary(max_size=80), st.booleans(), st.integers(0, 2**128)), max_size=5),
    least=st.integers(-(2**255), 2**255 - 1),
)
def test_what_is_encoded_is_what_the_contract_reads(calls: list[tuple[bytes, bool, int]], least: int) -> None:
    data = encode_execute("perp_v2", plan(calls), Usd18(least))
    assert data[:4] == function_abi_to_4byte_selector(abi("execute"))  # type: ignore[arg-type]
    venue, read_calls, read_least = decode(("bytes32", "(address,uint256,bytes,bool)[]", "int256"), data[4:])
    assert venue == b"perp_v2".ljust(32, b"\0")
    assert list(read_calls) == [(TARGET, wei, payload, may_fail) for payload, may_fail, wei in calls]
    assert read_least == least


def test_the_answer_is_read() -> None:
    returned = encode(("int256", "bool[]"), (-5, [True, False]))
    assert decode_execution(returned, EXECUTOR) == Execution(Usd18(-5), (True, False))


@pytest.mark.parametrize("returned", [b"", b"\x01", bytes(64)])
def test_another_contract_is_named(returned: bytes) -> None:
    with pytest.raises(RpcUnavailable, match=f"address of the executor: what {EXECUTOR} answers"):
        decode_execution(returned, EXECUTOR)
