"""Inside a linear box the slack cannot run out."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.box import Bounds, Exposure, intersection, linear_bounds
from keeper.domain.health import FeedId

PRICE, GROWTH = FeedId("price"), FeedId("growth")

_exposures = st.lists(
    st.tuples(
        st.integers(-(10**30), 10**30),
        st.integers(-(10**24), 10**24),
        st.integers(1, 10**36),
        st.integers(0, 10**9),
    ),
    min_size=1,
    max_size=5,
)


@given(st.integers(1, 10**30), _exposures, st.data())
def test_slack_lasts_anywhere_inside(slack: int, drawn: list[tuple[int, int, int, int]], data: st.DataObject) -> None:
    """At any corner of the box, and anywhere between, what is lost is not more than the slack."""
    exposures = [Exposure(FeedId(str(index)), *values) for index, values in enumerate(drawn)]
    bounds = linear_bounds(slack, exposures)
    numerator, denominator = slack, 1
    for exposure in exposures:
        low, high = bounds.get(exposure.feed, (None, None))
        value = data.draw(
            st.integers(
                exposure.value - 10**40 if low is None else low,
                exposure.value + 10**40 if high is None else high,
            )
        )
        change = exposure.numerator * (value - exposure.value)
        numerator = numerator * exposure.denominator + change * denominator
        denominator *= exposure.denominator
    assert numerator >= 0


def test_a_gain_needs_no_bound() -> None:
    """A long is bounded below only, a short above only."""
    bounds = linear_bounds(100, [Exposure(PRICE, 1_000, 2, 1, 1), Exposure(GROWTH, 50, -1, 4, 1)])
    assert bounds == {PRICE: (975, None), GROWTH: (None, 250)}


def test_no_slack_pins_every_feed() -> None:
    """An account on the edge is looked at with the next change of anything it depends on."""
    assert linear_bounds(0, [Exposure(PRICE, 7, 1, 1, 1)]) == {PRICE: (7, 7)}
    assert linear_bounds(5, [Exposure(PRICE, 7, 1, 1, 0)]) == {PRICE: (7, 7)}


def test_a_feed_that_does_not_matter_is_left_out() -> None:
    """No slope, no bound."""
    assert linear_bounds(5, [Exposure(PRICE, 7, 0, 1, 1)]) == {}


def test_intersection_takes_the_tighter_side() -> None:
    """Each side on its own; None is open."""
    boxes: list[dict[FeedId, Bounds]] = [{PRICE: (1, None)}, {PRICE: (3, 9)}, {PRICE: (None, 8), GROWTH: (None, 2)}]
    assert intersection(boxes) == {PRICE: (3, 8), GROWTH: (None, 2)}
