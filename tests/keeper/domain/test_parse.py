"""Accounts as any venue writes them."""

import pytest

from keeper.domain import parse


@pytest.mark.parametrize("text", ["0x" + "aB" * 20, "0x" + "Cd" * 32, "0", "170141183460469231731687303715884105727"])
def test_an_account_is_an_address_a_key_or_a_number(text: str) -> None:
    assert parse.account(text) == text.lower()


@pytest.mark.parametrize("text", ["", "0x", "0x12", "0x" + "ab" * 21, "007", "-1", "1.0", "alice", " 1"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="not an account"):
        parse.account(text)
