"""M20: a flush is measured in base units."""

import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.open_interest import Quadrant, flush, forced_share, quadrant, spot_ratio, usd_fall


def test_glassnode_fall_in_usd_is_21_6_percent(scope: Scope) -> None:
    figure = usd_fall(49.5, 38.8, scope)
    assert figure.value == pytest.approx(0.216, abs=5e-4)
    assert "price" in figure.caveat


def test_a_fall_of_price_alone_is_no_flush(scope: Scope) -> None:
    base = [1000.0, 1000.0, 1000.0]
    assert flush(base, 1000.0, scope).share.value == 0
    assert usd_fall(1000.0 * 100, 1000.0 * 80, scope).value == pytest.approx(0.2)


def test_flush_takes_the_lowest_point(scope: Scope) -> None:
    made = flush([950.0, 800.0, 900.0], 1000.0, scope)
    assert made.share.value == pytest.approx(0.2)
    assert forced_share(50.0, made, scope).value == pytest.approx(0.25)
    risen = flush([1100.0], 1000.0, scope)
    assert risen.share.value == pytest.approx(-0.1)
    assert forced_share(50.0, risen, scope).value is None
    with pytest.raises(ModelInputError):
        flush([], 1000.0, scope)


def test_open_interest_over_spot_volume(scope: Scope) -> None:
    assert spot_ratio(66e9, 33e9, scope).value == pytest.approx(2)
    assert spot_ratio(66e9, 0.0, scope).value is None


@pytest.mark.parametrize(
    ("price", "interest", "expected"),
    [
        (1, 1, Quadrant.LONGS_OPENING),
        (1, -1, Quadrant.SHORTS_CLOSING),
        (-1, 1, Quadrant.SHORTS_OPENING),
        (-1, -1, Quadrant.LONGS_CLOSING),
        (0, 1, Quadrant.UNCHANGED),
        (float("nan"), 1, Quadrant.UNCHANGED),
    ],
)
def test_quadrants(price: float, interest: float, expected: Quadrant) -> None:
    assert quadrant(price, interest) is expected
