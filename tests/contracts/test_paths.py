"""The scripted prices are what their names say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts.devnet.paths import PATHS, PriceMove, prices_8_at

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
    assert max(abs(step) for step in steps) < 0.008


def test_the_others_end_where_they_say() -> None:
    assert min(_relative("shock", "ETH")) == pytest.approx(0.837, abs=0.005)
    assert _relative("gap", "ETH") == [pytest.approx(0.915, abs=0.002)]
    assert _relative("squeeze", "ETH")[-1] == pytest.approx(1.35, abs=0.005)
    whipsaw = _relative("whipsaw", "ETH")
    assert min(whipsaw) == pytest.approx(0.88, abs=0.005)
    assert max(whipsaw) == pytest.approx(1.055, abs=0.005)


@pytest.mark.parametrize("name", PATHS)
def test_the_venue_can_follow(name: str) -> None:
    """Never two markets at once, and never more than 9 % in 15 s: the venue refuses trades beyond 10 %."""
    moves = PATHS[name](_START, 3)
    assert [move.seconds for move in moves] == sorted(move.seconds for move in moves)
    assert len({move.seconds for move in moves}) == len(moves)
    for market, start_8 in _START.items():
        prices = {0: start_8} | {move.seconds: move.price_8 for move in moves if move.market == market}
        for seconds, price_8 in prices.items():
            recent = [other_8 for at, other_8 in prices.items() if seconds - 15 < at <= seconds]
            assert max(abs(price_8 / other_8 - 1) for other_8 in recent) < 0.09


@pytest.mark.parametrize("name", sorted(set(PATHS) - {"shock", "crash", "gap"}))
def test_the_mark_keeps_up_well_enough_to_earn(name: str) -> None:
    """A TWAP of 15 s stays within 1 % of the price, well below the liquidator's reward of 1.25 %."""
    for market, start_8 in _START.items():
        moves = {move.seconds: move.price_8 for move in PATHS[name](_START, 3) if move.market == market}
        price_8, spots = start_8, [start_8] * 15
        for second in range(max(moves)):
            price_8 = moves.get(second, price_8)
            spots.append(price_8)
            assert abs(sum(spots[-15:]) / 15 / price_8 - 1) < 0.01


def test_the_seed_decides() -> None:
    assert PATHS["staircase"](_START, 1) == PATHS["staircase"](_START, 1)
    assert PATHS["staircase"](_START, 1) != PATHS["staircase"](_START, 2)


def test_a_price_holds_from_its_move_to_the_next() -> None:
    path = (PriceMove(3, "ETH", 2_000), PriceMove(3, "BTC", 50_000), PriceMove(5, "ETH", 1_000))
    start = {"ETH": 2_500, "BTC": 60_000}
    assert [prices_8_at(start, path, seconds)["ETH"] for seconds in (0, 2, 3, 4, 5, 9)] == [2_500, 2_500, 2_000, 2_000, 1_000, 1_000]
    assert prices_8_at(start, path, 4) == {"ETH": 2_000, "BTC": 50_000}
