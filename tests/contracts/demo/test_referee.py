"""Missed and late, by the contracts' own views: the rules by which the keeper is judged."""

from contracts.demo.referee import Ledger
from contracts.devnet import AccountView


def _ledger(**breached: list[int]) -> Ledger:
    ledger = Ledger()
    for account, blocks in breached.items():
        ledger.note({block: {account: AccountView(1, 2, None)} for block in blocks})
    return ledger


def test_one_block_of_breach_is_not_missed_two_running_are() -> None:
    ledger = _ledger(once=[5], apart=[5, 7], twice=[5, 6])
    assert ledger.missed({}) == ["twice"]


def test_a_liquidation_from_the_first_of_the_blocks_on_is_not_missed_an_earlier_one_does_not_help() -> None:
    ledger = _ledger(a=[5, 6], b=[5, 6], c=[5, 6, 9, 10])
    assert ledger.missed({"a": [5], "b": [4], "c": [6]}) == ["b", "c"]


def test_lateness_counts_from_the_first_block_of_the_stretch_and_anew_after_each_liquidation() -> None:
    ledger = _ledger(a=[5, 6, 7, 8], b=[5], c=[])
    assert ledger.lateness({"a": [7, 9]}) == [2, 2]
    assert ledger.lateness({"b": [6]}) == [1]
    assert ledger.lateness({"c": [6]}) == [0], "liquidated before any block ended with a breach"


def test_a_gap_ends_a_stretch() -> None:
    assert _ledger(a=[2, 3, 6, 7]).lateness({"a": [8]}) == [2]


def test_an_account_without_a_position_has_nothing_to_liquidate() -> None:
    ledger = Ledger()
    ledger.note({1: {"0xA": AccountView(-5, 0, None)}, 2: {"0xB": AccountView(3, 4, None)}})
    assert ledger.breached == {"0xb": [2]}


def test_blocks_may_be_noted_in_any_order() -> None:
    ledger = Ledger()
    for block in (7, 5, 6):
        ledger.note({block: {"a": AccountView(1, 2, None)}})
    assert ledger.breached == {"a": [5, 6, 7]}
