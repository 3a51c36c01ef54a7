"""M11 on processes of known branching ratio, and its traps."""

import numpy as np
import pytest

from analytics.models.arrays import Floats, ModelInputError
from analytics.models.branching import fit, fit_piecewise, jitter, merge_ties, null_p_value, ratio_from_counts
from analytics.models.figure import Scope
from analytics.models.hawkes import Base, compensator_increments, constant, excitation, log_likelihood, simulate

MU, N, BETA, END = 0.5, 0.6, 2.0, 2000.0


def _hawkes(seed: int, end: float = END) -> Floats:
    return simulate(constant(MU, end), N, BETA, np.random.default_rng(seed))


def _regimes(seed: int) -> Floats:
    """A Poisson process (true n = 0) whose rate switches between 0.1 and 2 at random times."""
    rng = np.random.default_rng(seed)
    edges = [0.0]
    while edges[-1] < END:
        edges.append(edges[-1] + float(rng.exponential(200)))
    rates = np.where(np.arange(len(edges) - 1) % 2 == 0, 2.0, 0.1)
    return simulate(Base(np.array([*edges[:-1], END]), rates), 0.0, 1.0, rng)


def test_maximum_likelihood_recovers_six_tenths(scope: Scope) -> None:
    """Error stated: mean within .02 of .6, spread about .024 over 12 runs of 2,000 s; 95 % intervals cover."""
    fits = [fit(_hawkes(seed), END, scope) for seed in range(12)]
    ratios = np.array([made.ratio.value for made in fits])
    assert ratios.mean() == pytest.approx(N, abs=0.02)
    assert ratios.std(ddof=1) == pytest.approx(0.024, abs=0.012)
    covered = sum(made.ratio.interval is not None and made.ratio.interval[0] < N < made.ratio.interval[1] for made in fits)
    assert covered >= 10
    assert np.median([made.beta for made in fits]) == pytest.approx(BETA, rel=0.1)
    assert sum(made.ks_p > 0.01 for made in fits) >= 11
    assert max(abs(made.autocorrelation) for made in fits) < 0.12


def test_variance_of_wide_bins_agrees(scope: Scope) -> None:
    values = np.array([ratio_from_counts(_hawkes(seed), END, 20.0, scope).value for seed in range(20)])
    assert values.mean() == pytest.approx(0.584, abs=0.03)
    assert values.std(ddof=1) == pytest.approx(0.031, abs=0.015)


def test_switching_rates_fool_the_constant_base_and_not_the_piecewise_one(scope: Scope) -> None:
    times = _regimes(1)
    naive, guarded = fit(times, END, scope), fit_piecewise(times, END, scope)
    assert naive.ratio.value is not None
    assert guarded.ratio.value is not None
    assert naive.ratio.value > 0.85
    assert guarded.ratio.value < 0.3
    assert guarded.bic < naive.bic
    assert null_p_value(naive, guarded, END, np.random.default_rng(0), runs=19) > 0.05


def test_true_branching_keeps_one_piece_and_beats_the_poisson_null(scope: Scope) -> None:
    times = _hawkes(3)
    guarded = fit_piecewise(times, END, scope)
    assert len(guarded.base.rate) == 1
    assert guarded.ratio.value == pytest.approx(N, abs=0.08)
    assert null_p_value(guarded, guarded, END, np.random.default_rng(0), runs=19) == pytest.approx(0.05)


def test_block_ties_raise_the_ratio_unless_jittered(scope: Scope) -> None:
    end = 10_000.0
    block = np.floor(_hawkes(3, end) / 12.0)
    rng = np.random.default_rng(0)
    raw = np.sort(block * 12.0 + rng.random(len(block)) * 1e-6)
    tied = fit(raw, end + 12, scope)
    assert tied.ratio.value is not None
    assert tied.ratio.value > 0.85
    assert tied.beta > 100 * BETA
    spread = fit(jitter(block * 12.0, 12.0, rng), end + 12, scope)
    assert spread.ratio.value == pytest.approx(0.63, abs=0.07)


def test_one_event_per_block_carries_the_blocks_notional() -> None:
    merged = merge_ties([0.0, 0.0, 12.0, 24.0, 24.0], [1, 1, 2, 3, 3], [5.0, 6.0, 7.0, 8.0, 9.0])
    assert merged.time.tolist() == [0.0, 12.0, 24.0]
    assert merged.mark.tolist() == [11.0, 7.0, 17.0]


def test_ties_and_few_events_are_refused(scope: Scope) -> None:
    with pytest.raises(ModelInputError, match="ties"):
        fit(np.repeat(np.arange(10.0), 2), 20.0, scope)
    with pytest.raises(ModelInputError, match="too few"):
        fit([1.0, 2.0], 20.0, scope)
    with pytest.raises(ModelInputError, match="lie in"):
        fit(np.arange(20.0), 5.0, scope)


def test_gradient_is_that_of_the_likelihood() -> None:
    times = _hawkes(5, 300.0)
    base = Base(np.array([0.0, 120.0, 300.0]), np.array([0.4, 0.7]))
    _, gradient = log_likelihood(times, 300.0, base, 0.5, 1.7)
    point, step = np.array([0.4, 0.7, 0.5, 1.7]), 1e-6
    for k in range(4):
        values = []
        for sign in (1, -1):
            moved = point.copy()
            moved[k] += sign * step
            values.append(log_likelihood(times, 300.0, Base(base.edges, moved[:2]), moved[2], moved[3])[0])
        assert gradient[k] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-4)


def test_recursion_equals_the_double_sum() -> None:
    rng = np.random.default_rng(2)
    times = np.sort(np.concatenate([rng.uniform(0, 3, 60), rng.uniform(100, 103, 60)]))
    for beta in (0.01, 1.0, 400.0):
        a, b = excitation(times, beta)
        gaps = np.tril(times[:, None] - times[None, :], -1)
        kernel = np.tril(np.exp(-beta * gaps), -1)
        assert a == pytest.approx(kernel.sum(axis=1), rel=1e-9, abs=1e-12)
        assert b == pytest.approx((gaps * kernel).sum(axis=1), rel=1e-9, abs=1e-12)


def test_simulated_counts_have_the_stationary_rate() -> None:
    counts = [len(_hawkes(seed)) / END for seed in range(20)]
    assert np.mean(counts) == pytest.approx(MU / (1 - N), rel=0.05)


def test_true_compensator_increments_are_standard_exponential() -> None:
    times = _hawkes(9)
    increments = compensator_increments(times, constant(MU, END), N, BETA)
    assert increments.mean() == pytest.approx(1, abs=0.07)
    assert increments.std() == pytest.approx(1, abs=0.1)


def test_too_short_a_window_gives_no_count_estimate(scope: Scope) -> None:
    assert ratio_from_counts(np.arange(10.0), 100.0, 20.0, scope).value is None
    assert ratio_from_counts(np.arange(0.5, 400, 1.0), 400.0, 20.0, scope).value is None
