"""M24: sources equal uses to the unit, per account, in the order of the purses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.waterfall import Closed, Purses, adl_overshoot, bad_debt, last_equity, settle, settle_apart

AMOUNT = st.integers(0, 10**30)


@given(st.lists(st.tuples(AMOUNT, AMOUNT, AMOUNT), max_size=12), st.tuples(AMOUNT, AMOUNT, AMOUNT, AMOUNT))
def test_sources_equal_uses_to_the_unit(accounts: list[tuple[int, int, int]], purses: tuple[int, int, int, int]) -> None:
    closed = [Closed(str(i), *amounts) for i, amounts in enumerate(accounts)]
    made = settle(closed, Purses(*purses))
    for row, one in zip(made.accounts, closed, strict=True):
        assert row.sources == row.uses == one.loss + one.fee + max(0, one.equity_at_close)
        assert row.bad_debt == max(0, -one.equity_at_close)
        assert min(row.margin, row.liquidation_fees, row.insurance, row.adl, row.socialised, row.unpaid) >= 0
    assert made.total.sources == made.total.uses
    left = made.left
    assert purses[0] - left.liquidation_fees == made.total.liquidation_fees
    assert purses[3] - left.socialised == made.total.socialised
    assert min(left.liquidation_fees, left.insurance, left.adl, left.socialised) >= 0
    assert made.total.bad_debt == bad_debt({one.account: one.equity_at_close for one in closed})


def test_purses_are_drawn_in_order() -> None:
    made = settle([Closed("a", 100, 180, 20), Closed("b", 10, 60, 0)], Purses(30, 40, 50, 20))
    first, second = made.accounts
    assert (first.liquidation_fees, first.insurance, first.adl, first.socialised, first.unpaid) == (30, 40, 30, 0, 0)
    assert (second.liquidation_fees, second.insurance, second.adl, second.socialised, second.unpaid) == (0, 0, 20, 20, 10)


def test_apart_no_account_draws_on_anothers_purse() -> None:
    rich, poor = Closed("rich", 100, 50, 0), Closed("poor", 10, 60, 0)
    made = settle_apart([(rich, Purses(0, 40, 0, 0)), (poor, Purses(0, 30, 0, 0))])
    assert [(row.insurance, row.unpaid, row.bad_debt) for row in made.accounts] == [(0, 0, 0), (30, 20, 50)]
    assert made.total.sources == made.total.uses == 160
    assert made.left == Purses(0, 40, 0, 0)
    with pytest.raises(ModelInputError, match="twice"):
        settle_apart([(rich, Purses(0, 0, 0, 0)), (rich, Purses(0, 0, 0, 0))])


def test_a_winner_among_the_fills_is_not_bad_debt() -> None:
    fills = [("winner", 1, -500), ("winner", 2, 300), ("loser", 1, 50), ("loser", 2, -70)]
    closing = last_equity(fills)
    assert closing == {"winner": 300, "loser": -70}
    assert bad_debt(closing) == 70


def test_overshoot_is_the_haircut_beyond_the_deficit() -> None:
    assert adl_overshoot(650, 23) == 627
    assert adl_overshoot(10, 23) == -13


def test_a_repeated_account_is_refused() -> None:
    with pytest.raises(ModelInputError, match="twice"):
        settle([Closed("a", 1, 2, 0), Closed("a", 1, 2, 0)], Purses(0, 0, 0, 0))
    with pytest.raises(ModelInputError, match="negative"):
        settle([Closed("a", -1, 2, 0)], Purses(0, 0, 0, 0))
