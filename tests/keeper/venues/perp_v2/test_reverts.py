"""Every revert has a name."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.venues.perp_v2.reverts import CODES, RevertNames


def _payload(signature: str, *values: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1]
    return keccak(text=signature)[:4] + encode(types.split(",") if types else [], values)


@pytest.mark.parametrize("code", CODES)
def test_codes_of_the_contracts(code: str) -> None:
    """The short code stays in front, its meaning follows."""
    assert RevertNames()(_payload("Error(string)", code)) == f"{code}: {CODES[code]}"


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
        (_payload("GuardFailed(bytes)", _payload("Error(string)", "OLD")), f"GuardFailed(OLD: {CODES['OLD']})"),
        (
            _payload("TokenCallFailed(address,bytes)", "0x" + "cd" * 20, b""),
            f"TokenCallFailed(0x{'cd' * 20}, no reason given: an address without code, or out of gas)",
        ),
        (bytes.fromhex("deadbeef00"), "0xdeadbeef00"),
    ],
)
def test_everything_else(data: bytes, reason: str) -> None:
    """Solidity's own errors, the executor's, and what nobody knows."""
    assert RevertNames()(data) == reason
