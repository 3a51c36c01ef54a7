"""One venue's part of a run: whose liquidations count, and what the referee's reading says of the keeper's."""

from contracts.demo.ledger import Ledger
from tests.contracts.demo.runs import ledger, liquidation, run


def test_only_our_own_liquidations_count_and_collateral_is_told_apart() -> None:
    one = run(
        liquidation("a", 5),
        liquidation("b", 6, ours=False),
        liquidation("c", 7, kind="collateral"),
        liquidation("d", 8, "account", size=0, kind="margin_only"),
    )
    assert [row["account"] for row in one.liquidations()] == ["a", "d"]
    assert [row["account"] for row in one.collateral_liquidations()] == ["c"]


def test_missed_is_judged_by_the_ledger_with_our_blocks() -> None:
    breaches = Ledger(breached={"a": [5, 6], "b": [5, 6]})
    one = run(liquidation("a", 6), ledger=breaches)
    assert one.missed() == ["b"]
    assert one.lateness() == [1]


def test_the_referee_compares_where_it_read() -> None:
    assert run(ledger=ledger(7)).referee_matches() == [True]
    assert run(ledger=ledger(8)).referee_matches() == [False]
    assert run(ledger=ledger(7, block=11)).referee_matches() == []


def test_profit_is_told_in_parts() -> None:
    assert run().profit_parts() == {"settlement": 5.0, "tokens": 2.0, "gas": 1.0}
