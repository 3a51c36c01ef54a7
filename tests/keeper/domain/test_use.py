"""Uses add up by market and by capital; nothing is nothing."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.money import Usd18
from keeper.domain.use import NOTHING, Use

_USES = st.builds(Use, st.dictionaries(st.sampled_from("abc"), st.integers(-(10**30), 10**30)), st.builds(Usd18, st.integers(0, 10**30)))


def test_uses_of_one_market_add_up_and_those_of_others_stay_apart() -> None:
    total = Use({"ETH": 5, "BTC": -1}, Usd18(7)) + Use({"ETH": -2, "SOL": 3})
    assert total == Use({"ETH": 3, "BTC": -1, "SOL": 3}, Usd18(7))
    assert total.base("DOGE") == 0


def test_only_nothing_is_false() -> None:
    """A market in which sales and purchases cancel out is in use all the same."""
    assert not NOTHING
    assert Use({"ETH": 0})
    assert Use({}, Usd18(1))


@given(_USES, _USES, _USES)
def test_the_order_of_adding_does_not_matter(one: Use, other: Use, third: Use) -> None:
    assert one + other == other + one
    assert (one + other) + third == one + (other + third)
    assert one + NOTHING == one


@given(_USES, _USES)
def test_what_is_taken_out_again_leaves_the_rest(one: Use, other: Use) -> None:
    """But for markets, which stay in use."""
    rest = one + other - other
    assert rest.capital == one.capital
    assert all(rest.base(market) == one.base(market) for market in "abc")
