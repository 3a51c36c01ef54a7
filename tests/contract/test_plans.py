"""Plans: what their calls say, and that the executor's rules allow them."""

from collections.abc import Sequence

from eth_abi.abi import decode, encode
from eth_abi.grammar import parse
from eth_utils.crypto import keccak

from keeper.domain.permission import CallRule
from keeper.domain.plan import LiquidationCall
from tests.contract.plan_case import ExpectedCall, PlanCase

_WORD = 32


def _kinds(signature: str) -> list[str]:
    components = parse(signature[signature.index("(") :]).components
    return [component.to_type_str() for component in components]


def _rule(call: LiquidationCall, rules: Sequence[CallRule]) -> CallRule:
    """The rule for a call's target and function; there is exactly one."""
    (rule,) = [rule for rule in rules if (rule.target, keccak(text=rule.signature)[:4]) == (call.target, call.calldata[:4])]
    return rule


def test_every_call_decodes_to_what_it_should_be(plans: Sequence[PlanCase]) -> None:
    """Function and arguments, and encoded again it is the same call: nothing hides behind the arguments."""
    assert plans
    for case in plans:
        calls = []
        for call in case.calls:
            signature = _rule(call, case.rules).signature
            arguments = decode(_kinds(signature), call.calldata[4:])
            assert encode(_kinds(signature), arguments) == call.calldata[4:]
            calls.append(ExpectedCall(signature, arguments))
        assert calls == list(case.expected), case.name


def test_every_call_is_covered_by_a_rule(plans: Sequence[PlanCase]) -> None:
    """As CallRules.check in Solidity: each word is one of its values, and only a function that names its fee carries coin."""
    for case in plans:
        for call in case.calls:
            rule = _rule(call, case.rules)
            assert bool(rule.fee_view) or call.value_wei == 0
            words = [int.from_bytes(call.calldata[start : start + _WORD], "big") for start in range(4, len(call.calldata), _WORD)]
            assert bool(rule.fee_view) or len(words) == len(rule.words)
            assert all(not values or word in values for word, values in zip(words, rule.words, strict=not rule.fee_view))


def test_rules_are_as_the_executors_contract_wants_them(plans: Sequence[PlanCase]) -> None:
    """No function twice, its values in ascending order."""
    for case in plans:
        assert len({(rule.target, rule.signature) for rule in case.rules}) == len(case.rules)
        assert all(list(values) == sorted(set(values)) for rule in case.rules for values in rule.words)
