"""Every code of the contracts has a meaning."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.revert import solidity_reason
from keeper.venues.perp_v2.reverts import CODES


@pytest.mark.parametrize("code", CODES)
def test_codes_of_the_contracts(code: str) -> None:
    """The short code stays in front, its meaning follows."""
    payload = keccak(text="Error(string)")[:4] + encode(["string"], [code])
    assert solidity_reason(payload, CODES) == f"{code}: {CODES[code]}"
