"""A crowd is drawn from its seed alone, and one fall leaves each of it below the venue's 6.25 % and above zero."""

from __future__ import annotations

from contracts.devnet.crowd import draw_crowd, fall
from contracts.devnet.traders import Scene

_SCENE = Scene({"ETH": 2_500 * 10**8, "BTC": 60_000 * 10**8}, ())


def test_the_same_seed_gives_the_same_crowd_and_a_larger_one_begins_with_the_smaller() -> None:
    assert draw_crowd(5, 40, _SCENE)[:10] == draw_crowd(5, 10, _SCENE)
    assert draw_crowd(5, 40, _SCENE) != draw_crowd(6, 40, _SCENE)


def test_all_are_long_in_one_market_each_and_the_markets_by_turns() -> None:
    positions = [position for trader in draw_crowd(7, 100, _SCENE) for position in trader.positions]
    assert [position.market for position in positions] == ["ETH", "BTC"] * 50
    assert {position.side for position in positions} == {"long"}
    assert len({position.notional_usd for position in positions}) > 50, "they differ in what they are worth"


def test_one_fall_breaches_all_and_leaves_enough_for_half_to_mend_the_other_half() -> None:
    """The venue takes half of a single position above half of its requirement, for a penalty of 2.5 % of that."""
    prices_8 = {move.market: move.price_8 for move in fall(_SCENE.prices_8)}
    for trader in draw_crowd(7, 200, _SCENE):
        (position,) = trader.positions
        start_8 = _SCENE.prices_8[position.market]
        value_6 = position.notional_usd * 10**6 * prices_8[position.market] // start_8
        # The deposit has 0.4 % for the entry; a tenth of a percent of it is the fee, what slippage leaves is margin.
        for entry_bps in (15, 40):
            equity_6 = trader.deposit_6 - position.notional_usd * 10**6 * entry_bps // 10_000 - (position.notional_usd * 10**6 - value_6)
            assert equity_6 * 10_000 < 625 * value_6
            assert (equity_6 - value_6 * 125 // 10_000) * 10_000 > 625 * (value_6 // 2)
