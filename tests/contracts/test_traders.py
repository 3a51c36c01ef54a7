"""The draw of traders depends on the seed alone and covers what a keeper has to meet."""

from __future__ import annotations

from collections import Counter

from contracts.devnet.deployment import Collateral, Feed
from contracts.devnet.traders import Scene, draw_traders

_FEED = Feed("0x01", "0x02", "0x03")
_SCENE = Scene(
    {"ETH": 2_500 * 10**8, "BTC": 60_000 * 10**8},
    (Collateral("WETH", "0x04", 18, _FEED, "ETH", 800_000, 100_000), Collateral("WBTC", "0x05", 8, _FEED, "BTC", 750_000, 100_000)),
)


def test_the_same_seed_gives_the_same_traders() -> None:
    assert draw_traders(5, 40, _SCENE) == draw_traders(5, 40, _SCENE)
    assert draw_traders(5, 40, _SCENE) != draw_traders(6, 40, _SCENE)


def test_a_larger_draw_begins_with_the_smaller_one() -> None:
    assert draw_traders(5, 40, _SCENE)[:10] == draw_traders(5, 10, _SCENE)


def test_five_traders_are_of_five_styles() -> None:
    assert len({trader.style for trader in draw_traders(1, 5, _SCENE)}) == 5


def test_leverage_covers_the_whole_range_on_both_sides() -> None:
    traders = draw_traders(7, 400, _SCENE)
    assert min(trader.leverage_bps for trader in traders) in range(15_000, 16_000)
    assert max(trader.leverage_bps for trader in traders) in range(98_000, 99_001)
    sides = Counter(position.side for trader in traders for position in trader.positions)
    assert min(sides["long"], sides["short"]) > 0.3 * sides.total()
    assert len({trader.address for trader in traders}) == len(traders)


def test_margin_is_exposure_over_leverage() -> None:
    """USDC and the discounted value of other collateral together carry the drawn leverage (and 0.4 % of entry cost)."""
    decimals = {"WETH": 18, "WBTC": 8}
    for trader in draw_traders(7, 200, _SCENE):
        if not trader.positions:
            continue
        exposure = sum(position.notional_usd for position in trader.positions)
        margin = trader.deposit_6 / 1e6
        for collateral in _SCENE.collaterals:
            if collateral.name == trader.collateral:
                value = trader.collateral_amount / 10 ** decimals[collateral.name] * _SCENE.prices_8[collateral.follows] / 1e8
                margin += value * collateral.collateral_ratio / 1e6
        assert abs(margin - exposure * (10_000 / trader.leverage_bps + 0.004)) < 0.01
