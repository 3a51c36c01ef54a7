"""What the owner of a KeeperExecutor sends it: which calls are allowed, who makes them, what they may lose, where tokens go."""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.chain import Address
from keeper.domain.venue import CallRule
from keeper.execution.executor import venue_word

_RULES = "(address,bytes4,bytes4,bytes32[][])[]"
_NO_FEE = bytes(4)
_WORD = 32


def rules_hash(rules: Sequence[CallRule]) -> bytes:
    """What the executor answers for a venue whose list of rules is this one, in this order."""
    return keccak(encode([_RULES], [_encoded(rules)]))


def set_venue(venue: str, valuer: Address, rules: Sequence[CallRule]) -> bytes:
    """Calldata of KeeperExecutor.setVenue: replaces the venue's valuer and its whole list of rules."""
    return _data(f"setVenue(bytes32,address,{_RULES})", ["bytes32", "address", _RULES], [venue_word(venue), valuer, _encoded(rules)])


def _encoded(rules: Sequence[CallRule]) -> list[tuple[str, bytes, bytes, list[list[bytes]]]]:
    return [
        (rule.target, keccak(text=rule.signature)[:4], _NO_FEE, [[value.to_bytes(_WORD, "big") for value in word] for word in rule.words])
        for rule in rules
    ]


def _data(signature: str, types: Sequence[str], values: Sequence[object]) -> bytes:
    return keccak(text=signature)[:4] + encode(types, values)
