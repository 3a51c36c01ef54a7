"""The transactions of a KeeperExecutor's owner: the executor itself, the calls it allows, its operator, the loss budget, the treasury.
Every step can be read before it is sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.chain import Address
from keeper.domain.exchange import NewExchange
from keeper.domain.fixed import to_units
from keeper.domain.permission import CallRule, OwnerCall, Valuer
from keeper.execution.artifacts import creation_code
from keeper.execution.executor import venue_word

_RULES = "(address,bytes4,bytes4,bytes32[][])[]"
_CALLS = "(address,uint256,bytes,bool)[]"
_NO_FEE = bytes(4)
_NATIVE = "0x" + "00" * 20
_WORD = 32


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of the owner. `target` None creates a contract; `effect` is its consequence in words. `follows` marks a step that
    needs the one before it on the chain, so it cannot be simulated on its own."""

    function: str
    arguments: tuple[str, ...]
    target: Address | None
    data: bytes
    effect: str
    value_wei: int = 0
    follows: bool = False


def rules_hash(rules: Sequence[CallRule]) -> bytes:
    """The executor's hash of a venue with these rules, in this order."""
    return keccak(encode([_RULES], [_encoded(rules)]))


def create_executor(owner: Address, treasury: Address) -> Step:
    """A new executor."""
    code = creation_code("keeper.execution", "KeeperExecutor", (("address", owner), ("address", treasury)))
    effect = f"an executor owned by {owner}; what leaves it goes to {treasury}"
    return Step("create KeeperExecutor", (owner, treasury), None, code, effect)


def create_valuer(venue: str, valuer: Valuer) -> Step:
    """A new valuer of executors on a venue."""
    arguments = tuple(str(value) for _, value in valuer.arguments)
    code = creation_code(valuer.package, valuer.contract, valuer.arguments)
    return Step(f"create {valuer.contract}", arguments, None, code, f"values executors on {venue} at the oracle's price")


def create_exchange(exchange: NewExchange) -> Step:
    """A new contract that sells a token of an executor."""
    code = creation_code("keeper.execution", "UniswapV3Exchange", exchange.arguments)
    bound = f"at most {exchange.max_slippage_ppm / 10_000:g} % below the price of {exchange.feed}"
    effect = f"sells {exchange.token} of {exchange.executor}, {bound}; the executor pays and the executor receives"
    return Step("create UniswapV3Exchange", tuple(str(value) for _, value in exchange.arguments), None, code, effect)


def set_venue(executor: Address, venue: str, valuer: Address, rules: Sequence[CallRule], *, follows: bool = False) -> Step:
    """Replaces the venue's valuer and its whole list of rules."""
    data = _data(f"setVenue(bytes32,address,{_RULES})", ["bytes32", "address", _RULES], [venue_word(venue), valuer, _encoded(rules)])
    rule_names = tuple(f"{rule.signature} of {rule.target}" for rule in rules)
    effect = f"plans on {venue} may make these {len(rules)} calls and no others; {valuer} values them"
    return Step("setVenue", (venue, valuer, *rule_names), executor, data, effect, follows=follows)


def set_budget(executor: Address, budget_x18: int) -> Step:
    """Sets the amount that all plans of a day may lose or carry open."""
    amount = f"{to_units(budget_x18):,.2f} USD"
    data = _data("setBudget(uint256)", ["uint256"], [budget_x18])
    return Step("setBudget", (amount,), executor, data, f"plans of a day may lose or carry open {amount} together")


def set_operator(executor: Address, operator: Address, *, allowed: bool) -> Step:
    """Lets an account execute plans, or not any more."""
    data = _data("setOperator(address,bool)", ["address", "bool"], [operator, allowed])
    effect = f"{operator} {'may' if allowed else 'may no longer'} execute plans"
    return Step("setOperator", (operator, str(allowed).lower()), executor, data, effect)


def set_treasury(executor: Address, treasury: Address) -> Step:
    """Where sweeps go."""
    data = _data("setTreasury(address)", ["address"], [treasury])
    return Step("setTreasury", (treasury,), executor, data, f"what leaves the executor goes to {treasury}")


def sweep(executor: Address, token: Address | None, amount_raw: int, treasury: Address, amount: str, *, follows: bool = False) -> Step:
    """Tokens (of the native coin without `token`) to the treasury; `amount` is its text."""
    data = _data("sweep(address,uint256)", ["address", "uint256"], [token or _NATIVE, amount_raw])
    return Step("sweep", (token or "coin", amount), executor, data, f"{amount} go to the treasury {treasury}", follows=follows)


def recover(executor: Address, venue: str, calls: Sequence[OwnerCall], effect: str) -> Step:
    """Calls of the executor itself, within its rules, without guard and budget."""
    plain_calls = [(call.target, 0, encoded_call(call), False) for call in calls]
    data = _data(f"recover(bytes32,{_CALLS})", ["bytes32", _CALLS], [venue_word(venue), plain_calls])
    return Step("recover", (venue, *(_call_text(call) for call in calls)), executor, data, effect)


def owner_calls(calls: Sequence[OwnerCall], effects: Sequence[str]) -> Iterator[Step]:
    """Plain calls of the owner's account, each after the one before."""
    for index, (call, effect) in enumerate(zip(calls, effects, strict=True)):
        arguments = tuple(str(argument) for argument in call.arguments)
        yield Step(call.signature, arguments, call.target, encoded_call(call), effect, follows=index > 0)


def send_coin(to: Address, amount_wei: int) -> Step:
    """Native coin from the owner, for the operator's gas."""
    return Step("transfer of coin", (to, f"{to_units(amount_wei)}"), to, b"", f"{to} can pay for gas", amount_wei)


def encoded_call(call: OwnerCall) -> bytes:
    """Calldata."""
    types = call.signature[call.signature.index("(") + 1 : -1].split(",")
    return _data(call.signature, types, call.arguments)


def _call_text(call: OwnerCall) -> str:
    return f"{call.signature.partition('(')[0]}({', '.join(str(argument) for argument in call.arguments)}) of {call.target}"


def _encoded(rules: Sequence[CallRule]) -> list[tuple[str, bytes, bytes, list[list[bytes]]]]:
    return [
        (
            rule.target,
            _selector(rule.signature),
            _selector(rule.fee_view),
            [[value.to_bytes(_WORD, "big") for value in word] for word in rule.words],
        )
        for rule in rules
    ]


def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4] if signature else _NO_FEE


def _data(signature: str, types: Sequence[str], values: Sequence[object]) -> bytes:
    return keccak(text=signature)[:4] + encode(types, values)
