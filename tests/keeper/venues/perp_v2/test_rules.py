"""What the executor may do: everything plans need, and nothing that could carry money to somebody else."""

from collections.abc import Iterator
from importlib.resources import files

from eth_utils.crypto import keccak

from keeper.domain.account import AccountKey
from keeper.domain.fixed import X18
from keeper.domain.permission import CallRule
from keeper.domain.plan import LiquidationCall, LiquidationPlan
from keeper.domain.use import NOTHING
from keeper.venues.perp_v2 import log_events as log
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, BTC, ETH, EXECUTOR, USDC, WETH, Desk

_WORD = 32
_ARBITRARY = ("execute", "multicall", "aggregate", "forward", "swap", "delegate", "approve(address", "transfer", "permit", "For(", "Ether")


def _rules(desk: Desk) -> dict[tuple[str, bytes], CallRule]:
    return {(rule.target, keccak(text=rule.signature)[:4]): rule for rule in desk.venue.rules(desk.book)}


def _plans() -> Iterator[tuple[Desk, LiquidationPlan]]:
    """A taker, a maker, a debtor with collateral, and the executor's own position."""
    desk = Desk()
    desk.deposit(ALICE, 400)
    desk.trade(ALICE, 4, -10_000)
    desk.apply(log.LiquidityChanged(ALICE, ETH, "0x" + "d1" * 20, 78_000, 78_600, 0, 100 * X18, 10**18, 0))
    desk.market(2_400)
    yield desk, _made(desk.venue.plan(ALICE, desk.book, desk.now, EXECUTOR, NOTHING))
    desk = Desk()
    desk.apply(log.Deposited(WETH, ALICE, 10**18), log.PnlRealized(ALICE, -1_600 * X18))
    desk.market(2_500)
    desk.collateral(2_500)
    yield desk, _made(desk.venue.plan(ALICE, desk.book, desk.now, EXECUTOR, NOTHING))
    desk = Desk()
    desk.deposit(AccountKey(EXECUTOR), 4_000)
    desk.trade(AccountKey(EXECUTOR), 1, -2_500)
    desk.market(2_500)
    yield desk, _made(desk.venue.unwind(EXECUTOR, desk.book, desk.now, NOTHING))


def _made(plan: object) -> LiquidationPlan:
    assert isinstance(plan, LiquidationPlan), plan
    return plan


def _passes(call: LiquidationCall, rule: CallRule) -> bool:
    """As CallRules.check in Solidity."""
    words = [int.from_bytes(call.calldata[start : start + _WORD], "big") for start in range(4, len(call.calldata), _WORD)]
    assert len(call.calldata) == 4 + _WORD * len(rule.words)
    return all(not values or word in values for word, values in zip(words, rule.words, strict=True))


def test_every_call_of_every_plan_is_allowed() -> None:
    signatures = set()
    for desk, plan in _plans():
        rules = _rules(desk)
        for call in plan.calls:
            rule = rules[(call.target, call.calldata[:4])]
            assert _passes(call, rule)
            signatures.add(rule.signature)
    assert {"cancelAllExcessOrders(address,address)", "approve(address,uint256)"} < signatures
    assert {rule.signature for rule in Desk().venue.rules(Desk().book)} - signatures == {"deposit(address,uint256)"}


def test_targets_are_the_venue_and_its_money_and_no_router() -> None:
    """Neither a contract that calls on behalf of its caller, nor a function that names a receiver."""
    desk = Desk()
    rules = desk.venue.rules(desk.book)
    assert {rule.target for rule in rules} == {ADDRESSES["clearing_house"], ADDRESSES["vault"], USDC}
    for rule in rules:
        if rule.target == USDC:
            assert (rule.signature, rule.words[0]) == ("approve(address,uint256)", (int(ADDRESSES["vault"], 16),))
        else:
            assert not any(word in rule.signature for word in _ARBITRARY)


def test_markets_and_tokens_are_named() -> None:
    desk = Desk()
    desk.apply(log.PoolAdded(BTC, 10_000, "0x" + "f3" * 20))
    words = {rule.signature: rule.words for rule in desk.venue.rules(desk.book)}
    markets = tuple(sorted((int(ETH, 16), int(BTC, 16))))
    assert words["liquidate(address,address,int256)"] == ((), markets, ())
    assert words["closePosition((address,uint160,uint256,uint256,bytes32))"] == (markets, (), (), (), ())
    assert words["withdraw(address,uint256)"] == words["deposit(address,uint256)"] == ((int(USDC, 16),), ())
    assert words["liquidateCollateral(address,address,uint256,bool)"] == ((), (int(WETH, 16),), (), (1,))


def test_a_function_with_nothing_to_name_is_left_out() -> None:
    """An empty list of values would mean that any will do."""
    desk = Desk()
    book = desk.venue.new_book()
    book.globals.update(desk.book.globals)
    assert {rule.signature for rule in desk.venue.rules(book)}.isdisjoint({"liquidate(address,address,int256)"})
    assert all(any(rule.words) for rule in desk.venue.rules(book))


def test_the_valuer_is_told_by_what_it_answers() -> None:
    desk = Desk()
    valuer = desk.venue.valuer(desk.book)
    assert valuer.contract == "PerpV2Valuer"
    assert files(valuer.package).joinpath("abi", "PerpV2Valuer.json").is_file()
    assert [value for _, value in valuer.arguments] == [ADDRESSES["vault"], [WETH]]
    (vault, _), (_, tokens) = valuer.answers
    assert vault == keccak(text="vault()")[:4]
    assert tokens == (32).to_bytes(32, "big") + (1).to_bytes(32, "big") + bytes.fromhex(WETH[2:]).rjust(32, b"\0")
