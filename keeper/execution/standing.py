"""Whether the operators can act at all: the executor's rules, budget and margin, the operators' rights and gas, read from the chain.

Every problem is one sentence with its remedy, the same for `keeper executor status` and for /readyz."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol, TypeVar

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from keeper.domain.chain import Address, BlockRef, Call, CallResult, Reads
from keeper.domain.fixed import X18, to_units
from keeper.domain.parse import address_of_word, quantity
from keeper.domain.permission import CallRule, Valuer
from keeper.errors import RpcError, Transient
from keeper.execution.executor import venue_word
from keeper.execution.node import Json
from keeper.execution.ownership import rules_hash

T = TypeVar("T")
GAS_OF_A_PLAN = 5_000_000
"""A liquidation with one order to cancel reserves 6.5 M, a usual one without it 4.5 M; it uses some 2 M."""
PLANS_IN_RESERVE = 5
OPERATOR_SET = keccak(text="OperatorSet(address,bool)")
"""topic0 of the executor's event when an operator's right changes: the operator is topic 1, the flag the data."""
_NOBODY = Address("0x" + "00" * 20)
_WORD = 32
_VIEWS = ("owner()", "treasury()", "budgetPerDay()", "spentToday()", "carriedInTotal()")


@dataclass(frozen=True, slots=True)
class Expected:
    """The rules and the valuer that plans of a venue need, and whether they need margin there."""

    venue: str
    rules: Sequence[CallRule]
    valuer: Valuer
    needs_capital: bool


@dataclass(frozen=True, slots=True)
class VenueStanding:
    """One venue in the executor: is exactly the expected list allowed, does the expected contract value it, and what margin is there,
    if plans need any."""

    venue: str
    valuer: Address
    rules_match: bool
    valuer_matches: bool
    total_x18: int
    equity_x18: int
    exposure_x18: int
    needs_capital: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an executor. USD with 18 decimals. `operators`: those asked about, and whether each may act."""

    executor: Address
    owner: Address
    treasury: Address
    operators: Mapping[Address, bool]
    budget_x18: int
    spent_x18: int
    carried_x18: int
    venues: tuple[VenueStanding, ...]

    @property
    def budget_left_x18(self) -> int:
        """The amount that may still be lost or carried today."""
        return max(0, self.budget_x18 - self.spent_x18 - self.carried_x18)


def standing(executor: Address, operators: Sequence[Address], expected: Sequence[Expected]) -> Reads[Standing | None]:
    """Two batches. None where the address holds no KeeperExecutor."""
    questions = [Call(executor, _selector(view)) for view in _VIEWS]
    questions += [Call(executor, _selector("isOperator(address)") + encode(["address"], [operator])) for operator in operators]
    questions += [Call(executor, _selector("venues(bytes32)") + venue_word(requirement.venue)) for requirement in expected]
    answers = yield questions
    own_count = len(_VIEWS) + len(operators)
    words = [_word(answer) for answer in answers[:own_count]]
    if None in words:
        return None
    owner, treasury, budget, spent, carried, *flags = (word or b"" for word in words)
    settings = [_venue_settings(answer) for answer in answers[own_count:]]
    venues: list[VenueStanding] = []
    replies = iter((yield _valuer_questions(executor, expected, settings)))
    for requirement, (valuer, allowed_hash) in zip(expected, settings, strict=True):
        matches = [next(replies).data == answer for _, answer in requirement.valuer.answers]
        total, equity, exposure = _valuation(next(replies))
        rules_match = allowed_hash == rules_hash(requirement.rules)
        figures = (total, equity, exposure, requirement.needs_capital)
        venues.append(VenueStanding(requirement.venue, valuer, rules_match, all(matches), *figures))
    return Standing(
        executor,
        address_of_word(owner),
        address_of_word(treasury),
        {operator: int.from_bytes(flag, "big") == 1 for operator, flag in zip(operators, flags, strict=True)},
        int.from_bytes(budget, "big"),
        int.from_bytes(spent, "big"),
        int.from_bytes(carried, "big"),
        tuple(venues),
    )


def problems(state: Standing | None, executor: Address) -> Iterator[str]:
    """What keeps operators from acting, each as a sentence with its remedy."""
    if state is None:
        yield f"{executor} is no KeeperExecutor of this version; run `keeper executor deploy` and set address of the executor to it"
        return
    for operator, allowed in state.operators.items():
        if not allowed:
            yield f"operator {operator} may not act; run `keeper executor allow`"
    for venue in state.venues:
        if not venue.rules_match:
            yield (
                f"{venue.venue}: what the executor allows is not what plans need (nothing yet, or markets were added); "
                "run `keeper executor allow`"
            )
        elif not venue.valuer_matches:
            yield f"{venue.venue}: {venue.valuer} does not value the executor as expected; run `keeper executor allow`"
        elif venue.needs_capital and venue.equity_x18 <= 0:
            yield f"{venue.venue}: no margin; run `keeper executor fund --margin USD`"
    if state.budget_x18 == 0:
        yield "no loss budget, so nothing can be unwound; run `keeper executor allow --budget-usd USD`"
    elif state.budget_left_x18 == 0:
        yield (
            f"today's loss budget of {_usd(state.budget_x18)} USD is used up "
            f"({_usd(state.spent_x18)} lost, {_usd(state.carried_x18)} carried open): until midnight UTC only plans without any loss pass; "
            "find out what lost it, then raise it with `keeper executor allow --budget-usd USD`"
        )


def gas_problem(operator: Address, balance_wei: int, price_wei: int) -> str | None:
    """A sentence when there is too little coin for a few plans at this price of gas; else None."""
    reserve_wei = GAS_OF_A_PLAN * PLANS_IN_RESERVE * price_wei
    if balance_wei >= reserve_wei:
        return None
    return (
        f"operator {operator} has {balance_wei / X18:.6f} coin for gas, {PLANS_IN_RESERVE} plans need {reserve_wei / X18:.6f}; "
        "run `keeper executor fund --gas AMOUNT`"
    )


class StandingNode(Protocol):
    """The part of the chain client that is used here."""

    async def run(self, reads: Reads[T], block: BlockRef) -> T:
        """Answers pinned to a block."""

    async def request(self, method: str, params: Sequence[Json]) -> Json:
        """One raw call."""


class StandingCheck:
    """Checks whether the operators can act, and reports what is in the way. `expected` is called each time, as markets may have been
    added. `leave_out` is told which operators have no right or no gas: the others go on. `priority_fee_wei` is added to a block's base fee
    for the price of gas."""

    def __init__(
        self,
        node: StandingNode,
        executor: Address,
        operators: Sequence[Address],
        expected: Callable[[], Sequence[Expected]],
        report: Callable[[str | None], None],
        leave_out: Callable[[Set[Address]], None],
        priority_fee_wei: int,
    ) -> None:
        self._node = node
        self._executor = executor
        self._operators = operators
        self._expected = expected
        self._report = report
        self._leave_out = leave_out
        self._priority_fee_wei = priority_fee_wei

    async def look(self, block: BlockRef) -> bool:
        """Ask at `block` and report; True when nothing is in the way. An endpoint that does not answer changes nothing."""
        price_wei = block.base_fee_wei + self._priority_fee_wei
        try:
            state = await self._node.run(standing(self._executor, self._operators, self._expected()), block)
            shortages = {operator: gas_problem(operator, await self._balance_wei(operator), price_wei) for operator in self._operators}
        except (Transient, RpcError):
            return False
        forbidden = {operator for operator, allowed in state.operators.items() if not allowed} if state is not None else set()
        self._leave_out(forbidden | {operator for operator, shortage in shortages.items() if shortage})
        sentences = [*problems(state, self._executor), *(shortage for shortage in shortages.values() if shortage)]
        self._report("; ".join(sentences) or None)
        return not sentences

    async def _balance_wei(self, operator: Address) -> int:
        return quantity(await self._node.request("eth_getBalance", [operator, "latest"]))


def _valuer_questions(executor: Address, expected: Sequence[Expected], settings: Sequence[tuple[Address, bytes]]) -> Sequence[Call]:
    questions: list[Call] = []
    for requirement, (valuer, _) in zip(expected, settings, strict=True):
        questions += [Call(valuer, data) for data, _ in requirement.valuer.answers]
        questions.append(Call(valuer, _selector("valuation(address)") + encode(["address"], [executor])))
    return questions


def _venue_settings(answer: CallResult) -> tuple[Address, bytes]:
    """(valuer, hash of the rules); the zero address and no hash where the executor does not know the venue."""
    try:
        valuer, _, allowed = decode(("address", "uint64", "bytes32"), answer.data)
    except DecodingError:
        return _NOBODY, b""
    return Address(valuer), allowed


def _valuation(answer: CallResult) -> tuple[int, int, int]:
    try:
        total, equity, exposure = decode(("int256", "int256", "uint256"), answer.data if answer.success else b"")
    except DecodingError:
        return 0, 0, 0
    return total, equity, exposure


def _word(answer: CallResult) -> bytes | None:
    return answer.data if answer.success and len(answer.data) == _WORD else None


def _selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def _usd(amount_x18: int) -> str:
    return f"{to_units(amount_x18):,.2f}"
