"""What the contract says of an account, compared with our test of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain_view import ChainMargins, ChainVerdict, Verdict
from keeper.domain.health import Breach, Health
from keeper.domain.money import Usd18

ALICE = AccountKey("0xa")
BREACHES = st.sampled_from([None, *Breach])


def _health(breach: Breach | None) -> Health:
    return Health(Usd18(5), Usd18(7), breach)


@given(st.integers(-3, 3), st.integers(-3, 3), BREACHES)
def test_margins_match_to_the_last_unit(equity: int, requirement: int, breach: Breach | None) -> None:
    view = ChainMargins(ALICE, Usd18(5 + equity), Usd18(7 + requirement))
    assert view.matches(_health(breach)) is (equity == requirement == 0)


@given(BREACHES, st.sets(st.sampled_from(Breach)))
def test_what_is_unknown_agrees_with_nothing_and_contradicts_nothing(breach: Breach | None, tests: set[Breach]) -> None:
    assert ChainVerdict(ALICE, Verdict.UNKNOWN, "reverted", frozenset(tests)).matches(_health(breach)) is None


@pytest.mark.parametrize("breach", [None, *Breach])
def test_a_verdict_about_every_test_is_wrong_both_ways(breach: Breach | None) -> None:
    """Healthy where a test of ours failed, and liquidatable where none did."""
    assert ChainVerdict(ALICE, Verdict.HEALTHY, "enough margin").matches(_health(breach)) is (breach is None)
    assert ChainVerdict(ALICE, Verdict.LIQUIDATABLE, "below").matches(_health(breach)) is (breach is not None)


@given(BREACHES, st.sets(st.sampled_from(Breach)))
def test_a_verdict_says_nothing_of_tests_it_is_not_about(breach: Breach | None, tests: set[Breach]) -> None:
    """An account that fails another test is healthy as far as it goes."""
    healthy = ChainVerdict(ALICE, Verdict.HEALTHY, "enough margin", frozenset(tests))
    assert healthy.matches(_health(breach)) is (breach not in tests)
    liquidatable = ChainVerdict(ALICE, Verdict.LIQUIDATABLE, "below", frozenset(tests))
    assert liquidatable.matches(_health(breach)) is (breach in tests)
