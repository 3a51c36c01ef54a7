"""What the executor may do: everything plans need, and nothing that could carry money to somebody else."""

from importlib.resources import files

from eth_utils.crypto import keccak

from keeper.venues.perp_v2 import log_events as log
from tests.contract.perp_v2 import PROOF
from tests.contract.proof import Unproven
from tests.keeper.venues.perp_v2.books import ADDRESSES, BTC, ETH, USDC, WETH, Desk

_ARBITRARY = ("execute", "multicall", "aggregate", "forward", "swap", "delegate", "approve(address", "transfer", "permit", "For(", "Ether")


def test_but_for_the_deposit_every_rule_is_needed_by_a_plan() -> None:
    """Plans only take margin out of the Vault; its owner has it brought back."""
    plans = PROOF.plans
    assert not isinstance(plans, Unproven)
    selectors = {(call.target, call.calldata[:4]) for case in plans for call in case.calls}
    rules = Desk().venue.rules(Desk().book)
    unused = [rule.signature for rule in rules if (rule.target, keccak(text=rule.signature)[:4]) not in selectors]
    assert unused == ["deposit(address,uint256)"]


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
