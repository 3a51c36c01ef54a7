"""M14: walks, pools, and fragmentation cost = 1 + chi-square on linear books."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.book import Book
from analytics.models.concentration import chi_square
from analytics.models.figure import Scope
from analytics.models.fragmentation import aligned, cost, fresh, linear_ratio, pool
from analytics.models.slippage import slippage, slippage_bps, walk

SMALL = Book.of([(99.0, 1.0), (98.0, 2.0)], [(101.0, 1.0), (102.0, 2.0)])


def _linear(depth: float, venue: str = "", time: float = 0.0, mid: float = 1000.0, levels: int = 4000) -> Book:
    """`depth` base per dollar, from the mid outward in cents."""
    away = (np.arange(levels) + 0.5) * 0.01
    size = np.full(levels, depth * 0.01)
    return Book.of(np.column_stack([mid - away, size]), np.column_stack([mid + away, size]), venue=venue, time=time)


def _flat(venue: str, price: float, size: float) -> Book:
    """One ask at `price`, a far bid that keeps the mid at 100."""
    return Book("" + venue, 0.0, np.array([200 - price]), np.array([1e6]), np.array([price, 150.0]), np.array([size, 1e9]), 50.0, 150.0)


def test_fees_send_the_pooled_order_where_they_are_low(scope: Scope) -> None:
    """Half of the split order pays 10 bps of fee, the pooled one nothing: 5 bps of the price."""
    found = cost([_flat("free", 101.0, 10.0), _flat("dear", 101.0, 10.0)], [1, 1], 1, 10.0, scope, {"free": 0.0, "dear": 10.0})
    assert found.split_bps == pytest.approx((100 + (101 * 1.001 / 100 - 1) * 1e4) / 2)
    assert found.pooled_bps == pytest.approx(100)
    assert found.cost.value == pytest.approx(101 * 0.001 / 2 * 100)
    assert "fee-aware" in found.cost.caveat


def test_what_a_price_moves_until_the_order_arrives_is_the_price_of_latency(scope: Scope) -> None:
    """The other venue has gone up by 10 bps: the half bought there costs so much more than at once."""
    here, there = _flat("here", 101.0, 5.0), _flat("there", 101.0, 5.0)
    gone = aligned(there, 100.1)
    found = cost([here, there], [1, 1], 1, 10.0, scope, met=[here, gone])
    assert found.split_bps == pytest.approx(100)
    assert found.pooled_bps == pytest.approx((101 + 101 * 1.001) / 2 * 100 - 1e4)
    assert found.cost.value == pytest.approx(-101 * 0.001 / 2 * 100)
    assert cost([here, there], [1, 1], 1, 10.0, scope, met=[here, there]).cost.value == pytest.approx(0)
    with pytest.raises(ModelInputError, match="1 books met for 2 books"):
        cost([here, there], [1, 1], 1, 10.0, scope, met=[here])


def test_walk_fills_level_by_level() -> None:
    assert walk(SMALL, 1, 2.0).vwap == pytest.approx((101 + 102) / 2)
    assert walk(SMALL, -1, 3.0).vwap == pytest.approx((99 + 2 * 98) / 3)
    assert slippage_bps(SMALL, 1, 1.0) == pytest.approx(100)


def test_an_unfilled_walk_is_null(scope: Scope) -> None:
    assert walk(SMALL, 1, 3.5).filled == pytest.approx(3.0)
    figure = slippage(SMALL, 1, 3.5, scope)
    assert figure.value is None
    assert "cannot fill" in figure.caveat
    with pytest.raises(ModelInputError):
        walk(SMALL, 1, 0.0)


@given(st.floats(0.1, 2.9), st.floats(0.1, 2.9))
def test_larger_orders_never_pay_less(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert (slippage_bps(SMALL, 1, low) or 0) <= (slippage_bps(SMALL, 1, high) or 0) + 1e-9


@pytest.mark.parametrize(("flow", "depth"), [((3, 1, 0.5), (4, 6, 10)), ((1, 1), (1, 1)), ((0.9, 0.1), (0.5, 0.5))])
def test_linear_books_cost_one_plus_chi_square(flow: tuple[float, ...], depth: tuple[float, ...], scope: Scope) -> None:
    books = [_linear(d) for d in depth]
    made = cost(books, flow, -1, 4.0, scope)
    assert made.split_bps is not None
    assert made.pooled_bps is not None
    assert made.split_bps / made.pooled_bps == pytest.approx(1 + chi_square(flow, depth), rel=0.02)
    assert made.cost.value == pytest.approx(made.split_bps - made.pooled_bps)


def test_ratio_of_the_three_venues(scope: Scope) -> None:
    assert linear_ratio((3, 1, 0.5), (4, 6, 10), scope).value == pytest.approx(2.412, abs=5e-4)


@given(st.lists(st.floats(0.5, 10), min_size=2, max_size=4))
def test_flow_that_follows_depth_costs_nothing(depth: list[float]) -> None:
    made = cost([_linear(d, levels=800) for d in depth], depth, 1, 0.5, Scope("w", "exact"))
    assert made.cost.value == pytest.approx(0, abs=0.06)


def test_basis_is_aligned_before_pooling(scope: Scope) -> None:
    apart = [_linear(5.0, mid=1000.0), _linear(5.0, mid=1010.0)]
    pooled = pool([aligned(book, 1005.0) for book in apart])
    assert pooled.bid_price[0] < pooled.ask_price[0]
    assert cost(apart, (1, 1), 1, 2.0, scope).cost.value == pytest.approx(0, abs=0.05)


def test_stale_quotes_are_not_pooled(scope: Scope) -> None:
    books = [_linear(5.0, time=100.0), _linear(50.0, time=98.0)]
    assert fresh(books) == (books[0],)
    made = cost(books, (1, 1), 1, 2.0, scope)
    assert made.cost.value == pytest.approx(0, abs=1e-9)
    assert "1 stale" in made.cost.caveat


def test_fees_enter_both_terms(scope: Scope) -> None:
    books = [_linear(5.0, "a"), _linear(5.0, "b")]
    free = cost(books, (1, 1), 1, 2.0, scope)
    feed = cost(books, (1, 1), 1, 2.0, scope, {"a": 5.0, "b": 5.0})
    assert feed.split_bps == pytest.approx((free.split_bps or 0) + 5, rel=1e-3)
    assert feed.cost.value == pytest.approx(free.cost.value, abs=1e-2)
    assert "fee-aware" in feed.cost.caveat


def test_the_pool_is_known_only_as_far_as_its_shallowest_book(scope: Scope) -> None:
    for taker_side in (1, -1):
        made = cost([_linear(5.0, levels=10), _linear(5.0)], (1, 99), taker_side, 3.0, scope)
        assert made.split_bps is not None
        assert made.pooled_bps is None
        assert made.cost.value is None
        assert "cannot fill" in made.cost.caveat
