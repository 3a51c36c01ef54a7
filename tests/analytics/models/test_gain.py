"""M5: the gain curve and its integral."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.book import Book
from analytics.models.executable import of_book
from analytics.models.figure import Scope
from analytics.models.gain import curve, from_map, potential
from analytics.models.liquidation_map import build, levels

MARK = 1000.0


def test_uniform_densities_give_a_uniform_gain(scope: Scope) -> None:
    edges = np.linspace(0, 10, 11)
    made = curve(edges, np.full(10, 3.0), np.full(10, 5.0), scope)
    assert made.gain == pytest.approx(np.full(10, 0.6))
    assert potential(made, 4.0).value == pytest.approx(2.4)
    assert made.self_sustaining() == ()


def test_cluster_of_high_gain_is_marked_self_sustaining(scope: Scope) -> None:
    made = curve([0, 1, 2, 3, 4], [0.2, 3.0, 2.0, 0.1], [1.0, 2.0, 2.0, 1.0], scope)
    assert made.self_sustaining() == ((1.0, 3.0),)
    assert made.peak().value == pytest.approx(1.5)


def test_gain_from_a_map_and_a_book(scope: Scope) -> None:
    """1 base liquidatable per dollar against 2 base resting per dollar, on both sides."""
    offsets = np.arange(0.05, 100, 0.1)
    below, above = MARK - offsets, MARK + offsets
    price = np.concatenate([below, above])
    side = np.repeat([1, -1], len(offsets))
    built = build(levels(price, side, np.full(len(price), MARK * 0.1)), MARK, scope)
    sizes = np.full(len(offsets), 0.2)
    book = Book.of(np.column_stack([below, sizes]), np.column_stack([above, sizes]))
    for victim in (1, -1):
        made = from_map(built, victim, of_book(book, victim))
        known = np.isfinite(made.gain)
        assert np.median(made.gain[known]) == pytest.approx(0.5, rel=1e-9)
        assert potential(made, 90.0).value == pytest.approx(45.0, rel=2e-3)
        assert potential(made, 150.0).value is None


def test_depth_beyond_the_last_recorded_level_is_unknown(scope: Scope) -> None:
    offsets = np.arange(0.05, 100, 0.1)
    built = build(levels(MARK - offsets, np.ones(len(offsets)), np.full(len(offsets), MARK)), MARK, scope)
    bids = np.column_stack([MARK - offsets, np.full(len(offsets), 0.2)])[:500]
    made = from_map(built, 1, of_book(Book.of(bids, [[MARK + 0.05, 1.0]]), 1))
    assert potential(made, 48.0).value is not None
    assert potential(made, 52.0).value is None


def test_unknown_depth_is_unknown_gain_not_infinity(scope: Scope) -> None:
    made = curve([0, 1, 2, 3], [1.0, 1.0, 1.0], [2.0, 0.0, np.nan], scope)
    assert np.isnan(made.gain).tolist() == [False, True, True]
    assert potential(made, 2.5).value is None
    assert potential(made, 1.0).value == pytest.approx(0.5)
    assert "unknown in 2 of 3" in made.peak().caveat


def test_bad_cells_are_refused(scope: Scope) -> None:
    with pytest.raises(ModelInputError, match="rise"):
        curve([0, 1, 1], [1, 1], [1, 1], scope)
    with pytest.raises(ModelInputError, match="negative"):
        curve([0, 1], [-1], [1], scope)
