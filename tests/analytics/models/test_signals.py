"""Seed S0: squeeze entry and exhaustion."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import Floats, ModelInputError
from analytics.models.signals import SignalBars, SignalRules, equity_lost, exhaustion, fragile_build_up, rsi, squeeze_entry

RULES = SignalRules()


def _bars(close: Floats, **changed: Floats) -> SignalBars:
    n = len(close)
    opened = np.concatenate([close[:1], close[:-1]])
    bars = SignalBars(
        high=np.maximum(opened, close) + 10,
        low=np.minimum(opened, close) - 10,
        open=opened,
        close=close,
        volume=np.full(n, 100.0),
        short_liquidations=np.full(n, 1e5),
        funding_8h=np.full(n, 1e-4),
        open_interest=np.full(n, 1000.0),
    )
    return replace(bars, **changed)


def _squeeze() -> SignalBars:
    """95k holds, then 96k is broken and kept on volume while shorts are bought back and funding comes up from -0.02 %."""
    close = np.concatenate([np.full(28, 95_000.0), [96_200.0, 96_500.0]])
    volume, shorts, funding = np.full(30, 100.0), np.full(30, 1e5), np.full(30, -0.0002)
    volume[-2:], shorts[-2:], funding[-1] = 250.0, 4e6, 0.0
    return _bars(close, volume=volume, short_liquidations=shorts, funding_8h=funding)


def test_squeeze_entry_of_the_toy_example() -> None:
    signal = squeeze_entry(_squeeze(), RULES)
    assert signal.on
    values = {condition.name: condition.value for condition in signal.conditions}
    assert values["volume up"] == pytest.approx(2.5)
    assert values["funding rising from deep negative"] == pytest.approx(-0.0002)


@pytest.mark.parametrize("spoiled", ["breakout", "volume", "shorts", "funding"])
def test_each_condition_can_veto_the_entry(spoiled: str) -> None:
    bars = _squeeze()
    close = bars.close.copy()
    close[-1] = 94_000.0
    changed = {
        "breakout": replace(bars, close=close),
        "volume": replace(bars, volume=np.full(30, 100.0)),
        "shorts": replace(bars, short_liquidations=np.full(30, 1e5)),
        "funding": replace(bars, funding_8h=np.full(30, -0.0002)),
    }[spoiled]
    signal = squeeze_entry(changed, RULES)
    assert not signal.on
    assert [condition.holds for condition in signal.conditions].count(False) == 1


def test_an_unknown_condition_is_not_a_signal() -> None:
    signal = squeeze_entry(replace(_squeeze(), funding_8h=np.full(30, np.nan)), RULES)
    assert not signal.on
    assert signal.conditions[-1].holds is None


def test_exhaustion_of_a_stalling_rise() -> None:
    close = np.concatenate([np.linspace(100_000, 105_000, 28), [105_010.0, 105_020.0]])
    shorts = np.concatenate([np.full(28, 4e6), [1e6, 5e5]])
    bars = _bars(close, short_liquidations=shorts)
    high = bars.high.copy()
    high[-1] = 105_400.0
    signal = exhaustion(replace(bars, high=high), RULES)
    assert signal.on
    assert not exhaustion(bars, RULES).on
    assert not exhaustion(_bars(close[::-1].copy(), short_liquidations=shorts, high=high[::-1] + 500), RULES).on


def test_fuel_without_fire() -> None:
    grown = np.linspace(1000, 1100, 30)
    assert fragile_build_up(_bars(np.full(30, 95_000.0), open_interest=grown), RULES).on
    assert not fragile_build_up(_bars(np.full(30, 95_000.0)), RULES).on
    unknown = fragile_build_up(_bars(np.full(30, 95_000.0), open_interest=np.full(30, np.nan)), RULES)
    assert unknown.conditions[0].holds is None


def test_rsi_of_the_published_worked_example() -> None:
    """Wilder's smoothing on the widely printed 14-day example (first value 70.5, next 66.3)."""
    close = [44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89, 46.03, 45.61, 46.28, 46.28, 46.00]
    values = rsi(close)
    assert np.isnan(values[:14]).all()
    assert values[14] == pytest.approx(70.46, abs=0.1)
    assert values[15] == pytest.approx(66.25, abs=0.1)


@given(st.lists(st.floats(1, 1e5), min_size=16, max_size=60))
def test_rsi_stays_in_its_range_and_mirrors(prices: list[float]) -> None:
    values, mirrored = rsi(prices)[14:], rsi([-price for price in prices])[14:]
    assert ((values >= 0) & (values <= 100)).all()
    assert values + mirrored == pytest.approx(np.full(len(values), 100.0))


def test_three_percent_at_fifty_times_is_a_wipe_out() -> None:
    assert equity_lost(0.03, 50) == pytest.approx(1.5)
    assert equity_lost(0.019, 50) < 1


def test_short_histories_are_refused() -> None:
    for question in (squeeze_entry, exhaustion, fragile_build_up):
        with pytest.raises(ModelInputError, match="bars"):
            question(_bars(np.full(10, 1.0)), RULES)
