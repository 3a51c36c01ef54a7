"""The scripted prices are what their names say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts.devnet.paths import PATHS

_START = {"ETH": 2_500 * 10**8, "BTC": 60_000 * 10**8}


def _relative(name: str, market: str, seed: int = 7) -> list[float]:
    return [move.price_8 / _START[market] for move in PATHS[name](_START, seed) if move.market == market]


@pytest.mark.parametrize("market", _START)
def test_the_staircase_falls_a_quarter_and_rises_a_third(market: str) -> None:
    prices = _relative("staircase", market)
    low = min(prices)
    assert low == pytest.approx(0.75, abs=0.005)
    assert prices[-1] / low == pytest.approx(1.35, abs=0.005)
    steps = [later / earlier - 1 for earlier, later in pairwise([1.0, *prices])]
    assert max(abs(step) for step in steps) < 0.032


def test_the_others_end_where_they_say() -> None:
    assert min(_relative("shock", "ETH")) == pytest.approx(0.837, abs=0.005)
    assert _relative("squeeze", "ETH")[-1] == pytest.approx(1.35, abs=0.005)
    whipsaw = _relative("whipsaw", "ETH")
    assert min(whipsaw) == pytest.approx(0.88, abs=0.005)
    assert max(whipsaw) == pytest.approx(1.055, abs=0.005)


@pytest.mark.parametrize("name", PATHS)
def test_steps_leave_the_market_time_to_settle(name: str) -> None:
    """At least 16 s between two steps of a market, and never two markets at once."""
    moves = PATHS[name](_START, 3)
    assert [move.seconds for move in moves] == sorted(move.seconds for move in moves)
    assert len({move.seconds for move in moves}) == len(moves)
    for market in _START:
        times = [move.seconds for move in moves if move.market == market]
        assert min(later - earlier for earlier, later in pairwise(times)) >= 16


def test_the_seed_decides() -> None:
    assert PATHS["staircase"](_START, 1) == PATHS["staircase"](_START, 1)
    assert PATHS["staircase"](_START, 1) != PATHS["staircase"](_START, 2)
