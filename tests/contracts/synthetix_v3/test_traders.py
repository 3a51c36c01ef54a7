"""The draw of traders depends on the seed alone and covers what a keeper has to meet."""

from __future__ import annotations

from collections import Counter

from contracts.devnet.synthetix_v3.deployment import Trader
from contracts.devnet.synthetix_v3.traders import Scene, draw_traders

_SCENE = Scene({"ETH": 2_500 * 10**8, "BTC": 60_000 * 10**8}, "ETH")


def _draw(seed: int, count: int) -> tuple[Trader, ...]:
    return draw_traders(seed, count, _SCENE)


def test_the_same_seed_gives_the_same_traders() -> None:
    assert _draw(5, 40) == _draw(5, 40)
    assert _draw(5, 40) != _draw(6, 40)


def test_a_larger_draw_begins_with_the_smaller_one() -> None:
    assert _draw(5, 40)[:10] == _draw(5, 10)


def test_five_traders_are_of_five_styles() -> None:
    assert len({trader.style for trader in _draw(1, 5)}) == 5


def test_everybody_has_an_account_and_an_address_of_their_own() -> None:
    traders = _draw(7, 400)
    assert len({trader.account_id for trader in traders}) == len({trader.address for trader in traders}) == len(traders)


def test_leverage_covers_the_whole_range_on_both_sides() -> None:
    traders = _draw(7, 400)
    assert min(trader.leverage_bps for trader in traders) in range(15_000, 16_000)
    assert max(trader.leverage_bps for trader in traders) in range(98_000, 99_001)
    sides = Counter(position.side for trader in traders for position in trader.positions)
    assert min(sides["long"], sides["short"]) > 0.25 * sides.total()


def test_margin_is_exposure_over_leverage() -> None:
    """snxUSD and the synth at a haircut of 5 % carry the drawn leverage together, beside 0.6 % and 5 USD an order."""
    for trader in _draw(7, 200):
        if not trader.positions or trader.style == "debtor":
            continue
        exposure = sum(position.notional_usd for position in trader.positions)
        margin = (trader.deposit_18 + trader.synth_18 * 2_500 * 0.95) / 1e18
        cost = exposure * 0.006 + 5 * len(trader.positions)
        assert abs(margin - cost - exposure * 10_000 / trader.leverage_bps) < 0.01


def test_a_debtor_has_nothing_but_the_synth_and_trades_another_asset() -> None:
    """At 10 % less, 80 to 90 % of the synth's value is lost."""
    debtors = [trader for trader in _draw(7, 400) if trader.style == "debtor"]
    assert len(debtors) > 10
    for trader in debtors:
        (position,) = trader.positions
        assert (trader.deposit_18, position.market, position.side) == (0, "BTC", "long")
        assert 0.79 < position.notional_usd * 0.1 / (trader.synth_18 / 1e18 * 2_500) < 0.91
