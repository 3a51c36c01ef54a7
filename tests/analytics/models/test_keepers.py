"""M25: latency with censoring, costs, shares, and null where no race is run."""

import numpy as np
import pytest

from analytics.models.figure import Scope
from analytics.models.keepers import Opportunities, latency, ledger, shares, win_rate


def _opportunities(executable: list[int], executed: list[int], until: int) -> Opportunities:
    return Opportunities(np.array(executable), np.array(executed), np.full(len(executable), until))


def test_latency_counts_blocks_and_censors_the_open_ones(scope: Scope) -> None:
    made = latency(_opportunities([10, 10, 20, 30], [10, 12, 23, -1], 40), scope)
    assert made.median.value == 2
    assert made.zero_block.value == pytest.approx(1 / 3)
    assert made.never.value == pytest.approx(0.25)
    assert made.waiting is not None
    assert made.waiting.time.tolist() == [0, 2, 3]


def test_engine_liquidated_venues_have_no_race(scope: Scope) -> None:
    made = latency(_opportunities([1], [1], 2), scope, engine_liquidated=True)
    assert (made.median.value, made.zero_block.value, made.never.value, made.waiting) == (None, None, None, None)
    assert win_rate(0, 5, scope, engine_liquidated=True).value is None
    assert latency(_opportunities([], [], 2), scope).median.value is None


def test_gas_of_reverted_attempts_counts_and_pays_nothing(scope: Scope) -> None:
    made = ledger([10.0, 0.0, 20.0], [1.0, 0.5, 2.0], [3.0, 0.0, 0.0], [False, True, False], scope)
    assert (made.reward.value, made.gas.value, made.net.value, made.reverted) == (30.0, 3.5, 23.5, 1)
    assert made.tip_share.value == pytest.approx(0.1)


def test_shares_by_beneficial_owner(scope: Scope) -> None:
    rows, concentrated = shares(np.array(["a", "b", "a", "a"]), [1.0, 6.0, 1.0, 2.0], scope)
    assert [(row.owner, row.count, row.reward_share) for row in rows] == [("a", 3, 0.4), ("b", 1, 0.6)]
    assert concentrated.hhi.value == pytest.approx(0.75**2 + 0.25**2)


def test_win_rate_interval_covers_the_truth(scope: Scope) -> None:
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        figure = win_rate(int(rng.binomial(40, 0.3)), 40, scope)
        assert figure.interval is not None
        covered.append(figure.interval[0] <= 0.3 <= figure.interval[1])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)
    assert win_rate(0, 0, scope).value is None
