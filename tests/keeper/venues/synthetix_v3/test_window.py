"""How much a market's window allows, and when it allows more."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keeper.venues.synthetix_v3.state import Liquidation, Market, MarketConfiguration
from keeper.venues.synthetix_v3.window import capacity, free_at, liquidatable, window_amount, windows, with_liquidation
from tests.keeper.venues.synthetix_v3.books import ENDORSED, EXECUTOR, x18

CONFIGURATION = MarketConfiguration(
    maker_fee=x18(0.000001),
    taker_fee=x18(0.0005),
    skew_scale=x18(300_000),
    max_liquidation_multiplier=x18(1.5),
    max_liquidation_seconds=30,
    max_liquidation_pd=x18(0.0005),
    endorsed_liquidator=ENDORSED,
)
MARKET = Market(configuration=CONFIGURATION, skew=x18(1_000))
NOW = 1_000
FULL = x18(6_763.5)
"""(0.000001 + 0.0005) · 300,000 · 1.5 · 30."""


def test_the_window_of_the_live_market() -> None:
    assert window_amount(CONFIGURATION) == FULL
    assert [windows(CONFIGURATION, size) for size in (0, 1, -FULL, FULL + 1)] == [0, 1, 1, 2]
    assert windows(replace(CONFIGURATION, skew_scale=0), x18(1)) == 0


def test_what_was_taken_comes_back_when_it_leaves_the_window() -> None:
    market = with_liquidation(MARKET, x18(5_000), NOW)
    market = with_liquidation(market, x18(1_000), NOW)
    market = with_liquidation(market, x18(763.5), NOW + 10)
    assert [capacity(market, NOW + later) for later in (10, 29, 30, 39, 40)] == [0, 0, x18(6_000), x18(6_000), FULL]
    assert free_at(market, NOW + 10) == NOW + 30
    assert free_at(market, NOW + 31) == NOW + 31


def test_one_step_more_while_the_skew_is_small() -> None:
    """In another block than the last, and not after a plan of ours in the same block."""
    full = with_liquidation(replace(MARKET, skew=x18(100)), FULL, NOW)
    assert liquidatable(full, x18(9_000), NOW, 0, EXECUTOR) == 0
    assert liquidatable(full, x18(9_000), NOW + 1, 0, EXECUTOR) == FULL
    assert liquidatable(full, x18(9_000), NOW + 1, 1, EXECUTOR) == 0
    assert liquidatable(replace(full, skew=x18(150)), x18(9_000), NOW + 1, 0, EXECUTOR) == 0
    assert liquidatable(replace(full, configuration=replace(CONFIGURATION, max_liquidation_pd=0)), x18(1), NOW + 1, 0, EXECUTOR) == 0


def test_who_is_endorsed_and_what_has_no_window_has_no_limit() -> None:
    assert liquidatable(MARKET, -x18(9_000), NOW, 0, EXECUTOR) == FULL
    assert liquidatable(MARKET, -x18(9_000), NOW, x18(6_000), EXECUTOR) == x18(763.5)
    assert liquidatable(MARKET, -x18(9_000), NOW, 0, ENDORSED) == x18(9_000)
    boundless = replace(MARKET, configuration=replace(CONFIGURATION, taker_fee=0, maker_fee=0))
    assert liquidatable(boundless, x18(9_000), NOW, 0, EXECUTOR) == x18(9_000)
    assert with_liquidation(boundless, 1, NOW) == boundless


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 3_000)), max_size=12), st.integers(0, 60))
def test_forgetting_changes_no_answer(steps: list[tuple[int, int]], later: int) -> None:
    """Against the sum over everything that ever was (PerpsMarket.currentLiquidationCapacity)."""
    market, now, history = MARKET, NOW, list[Liquidation]()
    for seconds, amount in steps:
        now += seconds
        market = with_liquidation(market, x18(amount), now)
        history.append(Liquidation(now, x18(amount)))
    at = now + later
    total = sum(one.amount for one in history if one.timestamp > at - 30)
    assert capacity(market, at) == max(0, FULL - total)
    assert capacity(market, free_at(market, at)) > 0
    assert len(market.liquidations) <= 31
    assert not history or market.liquidations[-1].timestamp == history[-1].timestamp
