"""M1: at the computed price or shock, equity equals maintenance margin."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.models.arrays import ModelInputError
from analytics.models.liquidation_price import (
    Legs,
    Tiers,
    ceteris_paribus,
    cross_shock,
    ewma_betas,
    isolated,
    isolated_tiered,
    market_shock,
    wrong_side,
)

TIERS = Tiers(np.array([0.0, 50_000.0, 250_000.0]), np.array([0.004, 0.005, 0.01]), np.array([0.0, 50.0, 1300.0]))
STEPS = Tiers(np.array([0.0, 100_000.0]), np.array([0.01, 0.05]), np.array([0.0, 0.0]))


@given(st.sampled_from([-1, 1]), st.floats(0.01, 100), st.floats(1, 1e5), st.floats(0.001, 2), st.floats(0, 0.2))
def test_isolated_equity_is_maintenance_at_the_price(side: int, quantity: float, entry: float, margin_rate: float, mmr: float) -> None:
    collateral = margin_rate * quantity * entry
    price = float(isolated([side], [quantity], [entry], [collateral], mmr)[0])
    if np.isnan(price):
        assert side == 1
        assert collateral >= quantity * entry * (1 - 1e-12)
        return
    equity = collateral + side * quantity * (price - entry)
    assert equity == pytest.approx(mmr * quantity * price, rel=1e-9, abs=1e-9 * quantity * entry)


def test_a_long_with_its_full_value_as_margin_cannot_be_liquidated() -> None:
    assert np.isnan(isolated([1], [1.0], [100.0], [100.0], 0.05)).all()
    assert np.isnan(isolated([1], [0.0], [100.0], [10.0], 0.05)).all()


def test_three_percent_at_fifty_times_is_a_wipe_out() -> None:
    price = float(isolated([1], [1.0], [100.0], [2.0], 0.0)[0])
    assert price == pytest.approx(98.0)
    assert price > 97.0


@given(st.sampled_from([-1, 1]), st.floats(0.1, 20), st.floats(100, 60_000), st.floats(0.02, 1.5))
def test_tiered_price_is_the_first_dead_price_from_the_mark(side: int, quantity: float, mark: float, margin_rate: float) -> None:
    collateral = margin_rate * quantity * mark
    for tiers in (TIERS, STEPS):
        alive_at_mark = collateral > float(tiers.maintenance(np.array([quantity * mark]))[0]) * (1 + 1e-9)
        assume(alive_at_mark)
        price = isolated_tiered(side, quantity, mark, collateral, mark, tiers)
        stop = price if np.isfinite(price) else (mark * 1e-6 if side == 1 else mark * 100)
        path = np.linspace(mark, stop, 400)[:-1]
        surplus = collateral + side * quantity * (path - mark) - tiers.maintenance(quantity * path)
        assert (surplus > -1e-6 * quantity * mark).all()
        if np.isfinite(price):
            past = price * (1 - side * 1e-6)
            assert collateral + side * quantity * (past - mark) < float(tiers.maintenance(np.array([quantity * past]))[0]) + 1e-6


def test_a_short_may_die_on_entering_a_tier() -> None:
    price = isolated_tiered(-1, 1.0, 90_000.0, 14_000.0, 90_000.0, STEPS)
    assert price == pytest.approx(100_000.0)


def test_liquidatable_now_is_the_mark() -> None:
    assert isolated_tiered(1, 1.0, 100.0, 0.1, 100.0, TIERS) == 100.0


def test_tier_tables_are_checked() -> None:
    with pytest.raises(ModelInputError, match="start at 0"):
        Tiers(np.array([1.0]), np.array([0.01]), np.array([0.0]))
    with pytest.raises(ModelInputError, match="rates"):
        Tiers(np.array([0.0]), np.array([1.0]), np.array([0.0]))


def _legs(accounts: int, rng: np.random.Generator) -> Legs:
    account = np.repeat(np.arange(accounts), 3)
    count = len(account)
    return Legs(
        account, rng.choice([-1, 1], count), rng.uniform(0.1, 5, count), rng.uniform(10, 1000, count), rng.uniform(0.005, 0.05, count)
    )


def test_cross_equity_is_maintenance_at_the_shock() -> None:
    rng = np.random.default_rng(4)
    legs = _legs(500, rng)
    beta = rng.uniform(0.2, 2.0, len(legs.account))
    equity = 0.3 * np.bincount(legs.account, weights=legs.notional)
    shock = cross_shock(equity, legs, beta)
    reached = np.isfinite(shock)
    assert reached.sum() > 100
    assert (~reached).sum() > 0
    move = beta * shock[legs.account]
    after = equity + np.bincount(legs.account, weights=legs.side * legs.notional * move)
    maintenance = np.bincount(legs.account, weights=legs.mmr * legs.notional * (1 + move))
    assert after[reached] == pytest.approx(maintenance[reached], rel=1e-9)


def test_cross_with_one_leg_is_the_isolated_price_on_both_maps() -> None:
    legs = Legs(np.array([0, 1]), np.array([1, -1]), np.array([2.0, 3.0]), np.array([100.0, 50.0]), np.array([0.05, 0.02]))
    collateral = np.array([40.0, 30.0])
    alone = isolated(legs.side, legs.quantity, legs.mark, collateral, legs.mmr)
    assert ceteris_paribus(collateral, legs) == pytest.approx(alone)
    assert market_shock(collateral, legs, np.ones(2)) == pytest.approx(alone)


def test_the_two_maps_differ_for_a_hedged_account() -> None:
    legs = Legs(np.array([0, 0]), np.array([1, -1]), np.array([1.0, 1.0]), np.array([100.0, 100.0]), np.array([0.05, 0.05]))
    alone = ceteris_paribus([20.0], legs)
    joint = market_shock([20.0], legs, np.ones(2))
    assert alone[0] == pytest.approx(100 * (1 - 10 / 95))
    assert joint == pytest.approx([200.0, 200.0])
    assert wrong_side(legs.side, joint, legs.mark).tolist() == [True, False]


def test_an_account_already_under_water_needs_no_shock() -> None:
    legs = Legs(np.array([0]), np.array([1]), np.array([1.0]), np.array([100.0]), np.array([0.05]))
    assert cross_shock([4.0], legs, [1.0]).tolist() == [0.0]
    assert ceteris_paribus([4.0], legs).tolist() == [100.0]


def test_ewma_betas_recover_known_betas() -> None:
    rng = np.random.default_rng(7)
    common = rng.normal(0, 0.01, 20_000)
    truth = np.array([1.0, 1.6, 0.5])
    returns = common[:, None] * truth + rng.normal(0, 0.002, (20_000, 3))
    assert ewma_betas(returns, common, 5_000) == pytest.approx(truth, abs=0.01)
    with pytest.raises(ModelInputError, match="never moves"):
        ewma_betas(np.zeros((3, 1)), [0.0, 0.0, 0.0], 2)
