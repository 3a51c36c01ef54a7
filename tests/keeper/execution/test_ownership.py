"""Rules as the executor contract takes them."""

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.chain import Address
from keeper.domain.permission import CallRule
from keeper.execution.ownership import rules_hash

_TARGET = Address("0x" + "0a" * 20)
_RULES = "(address,bytes4,bytes4,bytes32[][])[]"


def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def test_a_rule_with_a_fee_names_the_view_that_quotes_it() -> None:
    """And one without has an empty selector there."""
    rules = (CallRule(_TARGET, "push(bytes[])", (), fee_view="quote(bytes[])"), CallRule(_TARGET, "close(uint256)", ((7,),)))
    rows = [
        (_TARGET, _selector("push(bytes[])"), _selector("quote(bytes[])"), []),
        (_TARGET, _selector("close(uint256)"), bytes(4), [[(7).to_bytes(32, "big")]]),
    ]
    assert rules_hash(rules) == keccak(encode([_RULES], [rows]))
