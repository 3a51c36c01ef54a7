"""Quantiles and worth as summary.json states them."""

from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.demo.assets import Assets, Worth, change, token_usd
from contracts.demo.summary import Spread, spread
from contracts.devnet import Deployment


def test_quantiles_are_values_that_occurred() -> None:
    assert spread([]) == Spread(0, 0, 0, 0)
    assert spread([3]) == Spread(3, 3, 3, 1)
    assert spread(list(range(1, 101))) == Spread(50, 99, 100, 100)
    assert spread([0] * 99 + [9]) == Spread(0, 0, 9, 100)
    assert spread([0] * 98 + [9, 9]) == Spread(0, 9, 9, 100)


@given(st.lists(st.integers(0, 50), min_size=1))
def test_quantiles_are_ordered(values: list[int]) -> None:
    figures = spread(values)
    assert figures.p50 <= figures.p99 <= figures.max == max(values)
    assert {figures.p50, figures.p99} <= set(values)


def test_token_amounts_in_usd() -> None:
    assert token_usd(15 * 10**17, 18, 2_000 * 10**8) == pytest.approx(3_000)
    assert token_usd(-5 * 10**7, 8, 60_000 * 10**8) == pytest.approx(-30_000)


class _NoCollaterals:
    """A deployment as far as `change` looks at it."""

    collaterals: tuple[()] = ()


def test_a_change_of_assets_counts_gas_as_spent() -> None:
    prices: Mapping[str, int] = {"gas": 2_000 * 10**8}
    before, after = Assets(10**6, 5 * 10**6, {}, 10**18), Assets(4 * 10**6, 3 * 10**6, {}, 9 * 10**17)
    worth = change(cast(Deployment, _NoCollaterals()), before, after, prices)
    assert worth == Worth(1.0, 0, 200.0)
    assert worth.total_usd == pytest.approx(-199.0)
