"""Missed and late, by the contracts' own views: the rules by which the keeper is judged."""

from contracts.demo.ledger import Ledger


def _ledger(**breached: list[int]) -> Ledger:
    ledger = Ledger()
    for account, blocks in breached.items():
        for block in blocks:
            ledger.note(block, [account])
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


def test_blocks_may_be_noted_in_any_order() -> None:
    assert _ledger(a=[7, 5, 6]).breached == {"a": [5, 6, 7]}


def test_to_go_on_with_a_flagged_account_is_not_late() -> None:
    ledger = _ledger(a=[5])
    for block in range(6, 16):
        ledger.note(block, ["a"], ["a"])
    assert ledger.lateness({"a": [6, 16]}) == [1]


def test_a_flagged_account_with_which_nobody_goes_on_is_missed_and_unfinished() -> None:
    ledger = Ledger()
    for block in (5, 6, 7, 8):
        ledger.note(block, ["a", "b"], ["a", "b"] if block < 8 else ["a"])
    assert ledger.missed({"a": [5], "b": [5, 9]}) == ["a"]
    assert (ledger.unfinished(8), ledger.unfinished(9)) == (["a"], [])
