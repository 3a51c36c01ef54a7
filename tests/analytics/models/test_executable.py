"""Depth of pools, books and bands in one form: known amounts, and unknown beyond what was recorded."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.book import Book
from analytics.models.executable import Pool, of_bands, of_book, of_pool


def pool(price: float = 100.0) -> Pool:
    """One wide range and one that begins below the price."""
    return Pool(price, np.array([25.0, 64.0]), np.array([400.0, 81.0]), np.array([1000.0, 600.0]))


def test_base_of_a_pool_follows_the_square_root_of_the_price() -> None:
    made = pool()
    assert made.base_between(81, 100) == pytest.approx(1000 * (1 / 9 - 1 / 10))
    assert made.base_between(64, 81) == pytest.approx(1600 * (1 / 8 - 1 / 9))
    assert made.base_between(400, 900) == 0
    assert made.base_between(90, 90) == 0


def test_a_fall_meets_what_lies_below_and_a_rise_what_lies_above() -> None:
    fall, rise = of_pool(pool(), 1), of_pool(pool(), -1)
    assert fall(np.array([0.0, 0.19, 0.36])) == pytest.approx([0, 1000 / 90, 1000 / 90 + 1600 / 72])
    assert rise(np.array([0.21, 3.0])) == pytest.approx([1000 * (1 / 10 - 1 / 11), 1000 * (1 / 10 - 1 / 20)])


def test_swaps_add_up_along_the_way() -> None:
    """The base of two legs is the base of both."""
    rng = np.random.default_rng(1)
    for a, b, c in np.sort(rng.uniform(20, 500, (50, 3)), axis=1):
        assert pool().base_between(a, b) + pool().base_between(b, c) == pytest.approx(pool().base_between(a, c))


def test_a_book_is_known_as_far_as_it_was_recorded() -> None:
    book = Book("v", 0.0, np.array([99.0, 98.0]), np.array([2.0, 3.0]), np.array([101.0]), np.array([5.0]), 97.0, 102.0)
    assert of_book(book, 1)(np.array([0.0, 0.01, 0.02, 0.03])) == pytest.approx([0, 2, 5, 5])
    assert np.isnan(of_book(book, 1)(np.array([0.031]))).all()
    assert of_book(book, -1)(np.array([0.009, 0.01, 0.02])) == pytest.approx([0, 5, 5])
    assert np.isnan(of_book(book, -1)(np.array([0.021]))).all()


def test_bands_are_spread_evenly_between_their_edges() -> None:
    within = of_bands([100, 200], [10.0, 30.0])
    assert within(np.array([0.0, 0.005, 0.01, 0.015, 0.02])) == pytest.approx([0, 5, 10, 20, 30])
    assert np.isnan(within(np.array([0.03]))).all()


def test_what_is_no_pool_and_no_band_is_refused() -> None:
    with pytest.raises(ModelInputError, match="low < high"):
        Pool(100.0, np.array([5.0]), np.array([5.0]), np.array([1.0]))
    with pytest.raises(ModelInputError, match="increasing"):
        of_bands([100, 100], [1.0, 2.0])
    with pytest.raises(ModelInputError, match="no bands"):
        of_bands([], [])
