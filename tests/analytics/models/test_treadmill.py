"""M22 with the thresholds of seed S4: each state by its definition, hysteresis, and nothing that looks ahead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.arrays import Floats, ModelInputError
from analytics.models.figure import Definition, Scope
from analytics.models.liquidation_map import distance
from analytics.models.treadmill import HourlyBars, State, Thresholds, calibrate, candidates, states
from analytics.models.verdict import FRAGILITY_REMAINS, LEVERAGE_REMOVED, UNKNOWN, verdict

LIMITS = Thresholds(liquidated_p99=0.01, liquidated_p75=0.001, open_interest_p80=1000.0)
HOURS = 240
X = Definition("M0", "x", "1", "x")


def _bars(**changed: Floats) -> HourlyBars:
    quiet = {
        "funding_z": np.zeros(HOURS),
        "open_interest": np.full(HOURS, 900.0),
        "liquidated": np.full(HOURS, 0.0005),
        "return_24h": np.full(HOURS, 0.01),
        "sigma_24h": np.full(HOURS, 0.02),
    }
    return HourlyBars(**{**quiet, **changed})


def _flush(fall: float, at: int = 100) -> dict[str, Floats]:
    interest, liquidated = np.full(HOURS, 900.0), np.full(HOURS, 0.0005)
    interest[at:] *= 1 - fall
    liquidated[at : at + 3] = 0.05
    return {"open_interest": interest, "liquidated": liquidated}


def test_quiet_hours_are_neutral() -> None:
    assert set(states(_bars(), LIMITS)) == {State.NEUTRAL}


def test_flush_then_reset_for_seventy_two_hours() -> None:
    found = candidates(_bars(**_flush(0.12)), LIMITS)
    assert set(found[100:103]) == {State.FLUSHING}
    assert set(found[103:175]) == {State.RESET}
    assert set(found[175:]) == {State.NEUTRAL}


def test_a_flush_needs_both_liquidations_and_the_fall_of_open_interest() -> None:
    assert State.FLUSHING not in candidates(_bars(**_flush(0.029)), LIMITS)
    assert State.FLUSHING not in candidates(_bars(open_interest=_flush(0.12)["open_interest"]), LIMITS)


def test_reset_needs_a_tenth_of_open_interest_gone_and_normal_funding() -> None:
    assert State.RESET not in candidates(_bars(**_flush(0.09)), LIMITS)
    assert State.RESET not in candidates(_bars(**_flush(0.12), funding_z=np.full(HOURS, -0.6)), LIMITS)


def test_fragile_is_crowded_extreme_and_stalled() -> None:
    crowded = {"open_interest": np.full(HOURS, 1100.0), "funding_z": np.full(HOURS, 1.2)}
    assert set(candidates(_bars(**crowded, return_24h=np.full(HOURS, 0.005)), LIMITS)) == {State.FRAGILE}
    assert set(candidates(_bars(**crowded), LIMITS)) == {State.NEUTRAL}


def test_accumulating_is_growth_with_rising_funding() -> None:
    growing = {"open_interest": np.linspace(500, 900, HOURS), "funding_z": np.linspace(-0.9, 0.9, HOURS)}
    found = candidates(_bars(**growing), LIMITS)
    assert set(found[24:]) == {State.ACCUMULATING}
    assert set(found[:24]) == {State.NEUTRAL}


def test_one_hour_alone_does_not_change_the_state() -> None:
    bars = _bars(**_flush(0.05))
    liquidated = bars.liquidated.copy()
    liquidated[101:] = 0.0005
    once = _bars(open_interest=bars.open_interest, liquidated=liquidated)
    assert candidates(once, LIMITS)[100] is State.FLUSHING
    assert set(states(once, LIMITS)) == {State.NEUTRAL}
    assert states(bars, LIMITS)[101] is State.FLUSHING


def test_unknown_inputs_are_neutral() -> None:
    nothing = np.full(HOURS, np.nan)
    assert set(states(_bars(funding_z=nothing, open_interest=nothing, liquidated=nothing), LIMITS)) == {State.NEUTRAL}


@given(st.integers(0, 2**32 - 1), st.integers(1, HOURS - 1))
def test_appending_the_future_never_changes_the_past(seed: int, known: int) -> None:
    rng = np.random.default_rng(seed)
    full = HourlyBars(
        rng.normal(0, 1, HOURS),
        900 * np.exp(np.cumsum(rng.normal(0, 0.02, HOURS))),
        rng.lognormal(-6, 1.5, HOURS),
        rng.normal(0, 0.02, HOURS),
        np.full(HOURS, 0.02),
    )
    past = HourlyBars(
        full.funding_z[:known], full.open_interest[:known], full.liquidated[:known], full.return_24h[:known], full.sigma_24h[:known]
    )
    assert states(full, LIMITS)[:known] == states(past, LIMITS)


def test_thresholds_come_from_an_earlier_period_only() -> None:
    rng = np.random.default_rng(3)
    liquidated, interest = rng.exponential(1, 5000), rng.uniform(0, 1, 5000)
    limits = calibrate(liquidated, interest)
    assert limits.liquidated_p99 == pytest.approx(-np.log(0.01), rel=0.1)
    assert limits.liquidated_p75 == pytest.approx(-np.log(0.25), rel=0.1)
    assert limits.open_interest_p80 == pytest.approx(0.8, abs=0.02)
    with pytest.raises(ModelInputError, match="100 known hours"):
        calibrate(liquidated[:50], interest)


def test_zone_of_the_seed() -> None:
    assert distance(80_000, 87_800) == pytest.approx(-0.0888, abs=5e-5)


@pytest.mark.parametrize(
    ("flush", "funding", "liquidated", "words"),
    [
        (0.10, 0.49, 0.0009, LEVERAGE_REMOVED),
        (0.099, 0.1, 0.0, FRAGILITY_REMAINS),
        (0.3, -0.5, 0.0, FRAGILITY_REMAINS),
        (0.3, 0.1, 0.001, FRAGILITY_REMAINS),
        (0.3, None, 0.0, UNKNOWN),
        (0.01, None, 0.0, FRAGILITY_REMAINS),
    ],
)
def test_verdict_in_words_with_its_three_numbers(flush: float, funding: float | None, liquidated: float, words: str, scope: Scope) -> None:
    made = verdict(X.figure(flush, scope, 1), X.figure(funding, scope, 1), X.figure(liquidated, scope, 1), LIMITS.liquidated_p75)
    assert made.words == words
    assert made.open_interest_fell[0].value == flush
    assert made.funding_reset[0].value == funding
    assert made.liquidations_ceased[0].value == liquidated
