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
        (_payload("NotAllowed(address,bytes4)", "0x" + "cd" * 20, b"\1\2\3\4"), f"NotAllowed(0x{'cd' * 20}, 0x01020304)"),
        (_payload("UnknownVenue(bytes32)", b"a".ljust(32, b"\0")), "UnknownVenue(0x61" + "00" * 31 + ")"),
        (
            _payload("TransferFailed(address,bytes)", "0x" + "cd" * 20, _payload("Error(string)", "OLD")),
            f"TransferFailed(0x{'cd' * 20}, OLD: {CODES['OLD']})",
        ),
        (
            _payload("TransferFailed(address,bytes)", "0x" + "cd" * 20, b""),
            f"TransferFailed(0x{'cd' * 20}, no reason given: an address without code, or out of gas)",
        ),
        (bytes.fromhex("deadbeef00"), "0xdeadbeef00"),
    ],
)
def test_everything_else(data: bytes, reason: str) -> None:
    """Solidity's own errors, the executor's, and what nobody knows."""
    assert RevertNames()(data) == reason
