"""Rows of a comparison with the contract's own view, and what they show."""

import pytest

from keeper.domain.account import AccountKey
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView, Verdict
from keeper.domain.health import Breach, Health
from keeper.domain.money import Usd18, Usd30
from keeper.engine.parity import described, mismatches, must_match, parity_rows, unknowns
from keeper.engine.recording import BlockKeys
from keeper.errors import StateDivergence
from tests.keeper.engine.fakes import block_ref

WHERE = BlockKeys(10, "toy", block_ref(5))
ALICE, BOB, CAROL = AccountKey("0xa11ce"), AccountKey("0xb0b"), AccountKey("0xca401")
LOCAL = {
    ALICE: Health(Usd18(5), Usd18(7), Breach.POSITIONS),
    BOB: Health(Usd18(5), Usd18(7), Breach.POSITIONS),
    CAROL: Health(Usd18(9), Usd18(7), None),
}
VERDICTS: tuple[ChainView, ...] = (
    ChainVerdict(ALICE, Verdict.LIQUIDATABLE, "goes through"),
    ChainVerdict(BOB, Verdict.UNKNOWN, "paused"),
    ChainVerdict(CAROL, Verdict.LIQUIDATABLE, "goes through"),
)


def test_margins_are_compared_to_the_last_unit() -> None:
    rows = parity_rows(WHERE, [ChainMargins(ALICE, Usd18(5), Usd18(7)), ChainMargins(BOB, Usd18(5), Usd18(8))], LOCAL)
    assert [(row.account, row.matches, row.requirement_raw, row.requirement_chain_raw) for row in rows] == [
        (ALICE, True, "7", "7"),
        (BOB, False, "7", "8"),
    ]
    assert {(row.breach, row.chain_verdict, row.chain_reason) for row in rows} == {("positions", None, None)}


def test_decimals_are_those_of_the_venue() -> None:
    (row,) = parity_rows(WHERE, [ChainVerdict(ALICE, Verdict.UNKNOWN, "paused")], {ALICE: Health(Usd30(5), Usd30(7), None)})
    assert row.usd_decimals == 30


def test_a_verdict_stands_beside_our_figures_and_our_breach() -> None:
    rows = parity_rows(WHERE, VERDICTS, LOCAL)
    assert [(row.matches, row.breach, row.chain_verdict, row.chain_reason) for row in rows] == [
        (True, "positions", "liquidatable", "goes through"),
        (None, "positions", "unknown", "paused"),
        (False, None, "liquidatable", "goes through"),
    ]
    assert [row.equity_raw for row in rows] == ["5", "5", "9"]
    assert {(row.equity_chain_raw, row.requirement_chain_raw) for row in rows} == {(None, None)}


def test_what_is_unknown_is_neither_a_match_nor_a_mismatch() -> None:
    rows = parity_rows(WHERE, VERDICTS, LOCAL)
    assert [row.account for row in mismatches(rows)] == [CAROL]
    assert [row.account for row in unknowns(rows)] == [BOB]
    must_match(rows[:2])


def test_a_wrong_verdict_is_a_divergence_that_says_both_sides_and_the_reason() -> None:
    rows = parity_rows(WHERE, VERDICTS, LOCAL)
    with pytest.raises(StateDivergence, match=r"account 0xca401 at block 5 .*breach none here, liquidatable on chain: goes through"):
        must_match(rows)
    assert "breach positions here, unknown on chain: paused" in described(rows[1])
