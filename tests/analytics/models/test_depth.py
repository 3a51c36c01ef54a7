"""M13: depth in bands, its reference, its limits."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.book import Book
from analytics.models.depth import bands, spread
from analytics.models.figure import Scope


def _book() -> Book:
    return Book.of([(99.99, 1.0), (99.80, 2.0), (99.00, 4.0)], [(100.01, 1.0), (100.20, 3.0), (101.00, 5.0)])


def test_depth_within_bands_of_the_mid(scope: Scope) -> None:
    narrow, wide = bands(_book(), scope, (10.0, 50.0))
    assert narrow.bid.value == pytest.approx(99.99)
    assert narrow.ask.value == pytest.approx(100.01)
    assert wide.bid.value == pytest.approx(99.99 + 2 * 99.80)
    assert wide.ask.value == pytest.approx(100.01 + 3 * 100.20)
    assert wide.imbalance.value is not None
    assert wide.imbalance.value < 0
    assert spread(_book(), scope).value == pytest.approx(2.0)


def test_kaikos_reference_is_the_best_quote(scope: Scope) -> None:
    from_mid = bands(_book(), scope, (19.5,))[0]
    from_best = bands(_book(), scope, (19.5,), from_best=True)[0]
    assert from_mid.bid.value == pytest.approx(99.99)
    assert from_best.bid.value == pytest.approx(99.99 + 2 * 99.80)
    assert "best quote" in from_best.bid.caveat


def test_beyond_the_recorded_levels_depth_is_unknown(scope: Scope) -> None:
    beyond = bands(_book(), scope, (200.0,))[0]
    assert beyond.bid.value is None
    assert beyond.imbalance.value is None
    assert "beyond" in beyond.ask.caveat


@pytest.mark.parametrize(
    ("bids", "asks", "words"),
    [
        ([(101.0, 1.0)], [(100.0, 1.0)], "crossed"),
        ([], [(100.0, 1.0)], "needs bids"),
        ([(99.0, 0.0)], [(100.0, 1.0)], "positive"),
        ([(99.0, np.nan)], [(100.0, 1.0)], "positive"),
    ],
)
def test_broken_books_are_refused(bids: list[tuple[float, float]], asks: list[tuple[float, float]], words: str) -> None:
    with pytest.raises(ModelInputError, match=words):
        Book.of(bids, asks)
