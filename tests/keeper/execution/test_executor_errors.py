"""What a call of the executor reverted with, in words."""

import re
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.revert import solidity_reason
from keeper.execution.executor_errors import SIGNATURES, executor_reason

_SOURCES = ("KeeperExecutor", "CallRules", "LossBudget", "Roles", "UniswapV3Exchange")


def _payload(signature: str, *values: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


def _venue_reason(data: bytes) -> str:
    return solidity_reason(data, {"OLD": "too young"})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no reason given: an address without code, or out of gas"),
        (_payload("Error(string)", "something new"), "something new"),
        (_payload("Panic(uint256)", 0x11), "panic 0x11: arithmetic overflow"),
        (_payload("Panic(uint256)", 0x77), "panic 0x77: unknown"),
        (_payload("ProfitTooLow(int256,int256)", -5, 7), "ProfitTooLow(-5, 7)"),
        (_payload("NotOperator(address)", "0x" + "ab" * 20), f"NotOperator(0x{'ab' * 20})"),
        (_payload("Reentered()"), "Reentered()"),
        (_payload("NotAllowed(address,bytes4)", "0x" + "cd" * 20, b"\1\2\3\4"), f"NotAllowed(0x{'cd' * 20}, 0x01020304)"),
        (_payload("UnknownVenue(bytes32)", b"a".ljust(32, b"\0")), "UnknownVenue(0x61" + "00" * 31 + ")"),
        (
            _payload("TransferFailed(address,bytes)", "0x" + "cd" * 20, _payload("Error(string)", "OLD")),
            f"TransferFailed(0x{'cd' * 20}, OLD: too young)",
        ),
        (
            _payload("TransferFailed(address,bytes)", "0x" + "cd" * 20, b""),
            f"TransferFailed(0x{'cd' * 20}, no reason given: an address without code, or out of gas)",
        ),
        (bytes.fromhex("deadbeef00"), "0xdeadbeef00"),
    ],
)
def test_a_payload_in_words(data: bytes, reason: str) -> None:
    """The executor's errors, Solidity's own, the venue's codes, and what nobody knows."""
    assert executor_reason(_venue_reason)(data) == reason


def test_every_error_of_the_contracts_has_its_words() -> None:
    folder = Path(__file__).parents[3] / "contracts" / "src"
    source = "\n".join((folder / f"{name}.sol").read_text() for name in _SOURCES)
    errors = re.findall(r"^ *error (\w+)\(([^)]*)\);", source, re.MULTILINE)
    declared = {f"{name}({','.join(argument.split()[0] for argument in arguments.split(',') if argument)})" for name, arguments in errors}
    assert declared == set(SIGNATURES)
