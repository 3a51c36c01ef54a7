"""What the executor may do, by what it is valued, and what reverts mean."""

from importlib.resources import files

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.keeper.venues.synthetix_v3.books import ADDRESSES, Desk


def test_only_the_price_update_may_carry_coin() -> None:
    """And only as much as Pyth asks for the same bytes."""
    rules = Desk().venue.rules(Desk().book)
    assert [(rule.target, rule.signature, rule.words) for rule in rules if rule.fee_view] == [
        (ADDRESSES["pyth"], "updatePriceFeeds(bytes[])", ())
    ]
    assert all("address" not in rule.signature for rule in rules)


def test_the_valuer_counts_this_deployments_token() -> None:
    desk = Desk()
    valuer = desk.venue.valuer(desk.book)
    assert valuer.arguments == (("address", ADDRESSES["usd_token"]),)
    assert valuer.answers == ((keccak(text="snxUsd()")[:4], bytes.fromhex(ADDRESSES["usd_token"][2:]).rjust(32, b"\0")),)
    assert desk.venue.tokens(desk.book) == (ADDRESSES["usd_token"],)


def test_the_valuers_code_is_in_the_package() -> None:
    valuer = Desk().venue.valuer(Desk().book)
    assert files(valuer.package).joinpath("abi", f"{valuer.contract}.json").is_file()


@pytest.mark.parametrize(
    ("signature", "types", "values", "words"),
    [
        ("NotEligibleForLiquidation(uint128)", ["uint128"], [7], "NotEligibleForLiquidation(7)"),
        ("FeeRequired(uint256)", ["uint256"], [5], "FeeRequired(5)"),
        (
            "OracleDataRequired(address,bytes)",
            ["address", "bytes"],
            [ADDRESSES["pyth"], b"\1\2"],
            f"OracleDataRequired({ADDRESSES['pyth']}, 0x0102)",
        ),
        ("InvalidParameter(string,string)", ["string", "string"], ["a", "b c"], "InvalidParameter(a, b c)"),
    ],
)
def test_reverts_by_name(signature: str, types: list[str], values: list[object], words: str) -> None:
    assert Desk().venue.revert_reason(keccak(text=signature)[:4] + encode(types, values)) == words


def test_several_stale_prices_in_one_revert() -> None:
    """The oracle manager gathers them: NodeDefinition.Errors."""
    stale = keccak(text="StalenessToleranceExceeded(bytes32,int256,uint256)")[:4] + encode(
        ["bytes32", "int256", "uint256"], [bytes(32), 1, 2]
    )
    missing = keccak(text="OracleDataRequired(address,bytes)")[:4] + encode(["address", "bytes"], [ADDRESSES["pyth"], b""])
    payload = keccak(text="Errors(bytes[])")[:4] + encode(["bytes[]"], [[stale, missing]])
    reason = Desk().venue.revert_reason(payload)
    assert reason.startswith("Errors([StalenessToleranceExceeded(0x00")
    assert f"OracleDataRequired({ADDRESSES['pyth']}, " in reason
    assert Desk().venue.revert_reason(keccak(text="Errors(bytes[])")[:4] + b"\xff" * 64)
