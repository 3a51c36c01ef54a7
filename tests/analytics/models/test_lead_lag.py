"""M16: an injected lag of 0.7 s is recovered exactly on asynchronous ticks."""

import numpy as np
import pytest

from analytics.models.arrays import ModelInputError
from analytics.models.figure import Scope
from analytics.models.lead_lag import lead_lag


def test_injected_lag_is_recovered(scope: Scope) -> None:
    rng = np.random.default_rng(3)
    grid = np.arange(0, 2000, 0.05)
    path = np.cumsum(rng.normal(0, 1e-4, len(grid)))
    lags = np.round(np.arange(-2, 2.05, 0.1), 10)
    first = np.unique(rng.uniform(5, 1995, 6000))
    second = np.unique(rng.uniform(5, 1995, 5000))
    leader = np.exp(np.interp(first, grid, path))
    follower = np.exp(np.interp(second - 0.7, grid, path))
    made = lead_lag(first, leader, second, follower, lags, scope, rng)
    assert made.lag.value == pytest.approx(0.7)
    assert made.lag.interval == pytest.approx((0.7, 0.7), abs=0.11)
    assert made.ratio.value is not None
    assert made.ratio.value > 1
    mirrored = lead_lag(second, follower, first, leader, lags, scope)
    assert mirrored.lag.value == pytest.approx(-0.7)
    assert mirrored.lag.interval is None


def test_independent_prices_have_a_wide_interval(scope: Scope) -> None:
    rng = np.random.default_rng(5)
    time = np.arange(2000.0)
    prices = [np.exp(np.cumsum(rng.normal(0, 1e-3, 2000))) for _ in range(2)]
    made = lead_lag(time, prices[0], time, prices[1], np.arange(-10.0, 11.0), scope, rng)
    low, high = made.lag.interval or (0.0, 0.0)
    assert high - low > 10


def test_correlation_of_synchronous_series_is_the_plain_one(scope: Scope) -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(0, 1, 500)
    b = 0.6 * a + 0.8 * rng.normal(0, 1, 500)
    time = np.arange(501.0)
    prices = [np.exp(np.concatenate([[0], np.cumsum(x)]) * 1e-3) for x in (a, b)]
    made = lead_lag(time, prices[0], time, prices[1], [0.0], scope)
    assert made.rho[0] == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_a_price_that_never_moves_has_no_lag(scope: Scope) -> None:
    with pytest.raises(ModelInputError, match="never moves"):
        lead_lag([0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [1.0, 2.0], [0.0], scope)
