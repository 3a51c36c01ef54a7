"""Drawing the traders of a Synthetix V3 devnet from a seed: pure, the same seed gives the same traders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from contracts.devnet.deployment import Position, Side
from contracts.devnet.synthetix_v3.deployment import Style, Trader
from contracts.devnet.traders import trader_address

_BPS = 10_000
_FIRST_ACCOUNT = 1_000
_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS = 15_000, 99_000
_MIN_NOTIONAL_USD, _MAX_NOTIONAL_USD = 6_000, 120_000
# What opening costs beside the margin: fee, settlement, and the premium of a skewed market.
_ENTRY_COST_BPS = 60
_ENTRY_COST_USD = 5
_USUAL_HAIRCUT_BPS = 500
_STYLES: tuple[tuple[Style, int], ...] = (("taker", 46), ("both", 16), ("collateral", 26), ("idle", 12))
_LONG_SHARE = 0.66


def draw_traders(seed: int, count: int, prices_8: Mapping[str, int], synth_price_8: int) -> tuple[Trader, ...]:
    """`count` traders; prices by market and of the first synth, 8 decimals. The first ones of a larger draw are the same as
    those of a smaller one."""
    return tuple(_draw(seed, index, tuple(prices_8), synth_price_8) for index in range(count))


def _draw(seed: int, index: int, markets: tuple[str, ...], synth_price_8: int) -> Trader:
    random = Random(f"synthetix_v3/{seed}/{index}")
    style = _style(index, random)
    leverage_bps = random.randint(_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS)
    side: Side = "long" if random.random() < _LONG_SHARE else "short"
    chosen = markets if style == "both" else (random.choice(markets),)
    positions = tuple(Position(market, side, _notional(random)) for market in chosen)
    margin_18 = sum(_margin_18(position.notional_usd, leverage_bps) for position in positions)
    trader = Trader(trader_address(seed, index), _FIRST_ACCOUNT + index, style, leverage_bps, margin_18)
    if style == "idle":
        return trader
    opened = replace(trader, positions=positions)
    return _collateralised(opened, random, synth_price_8) if style == "collateral" else opened


def _style(index: int, random: Random) -> Style:
    # The first four are one of each, so that the smallest devnet has all styles too.
    if index < len(_STYLES):
        return _STYLES[index][0]
    names = [name for name, _ in _STYLES]
    return random.choices(names, [weight for _, weight in _STYLES])[0]


def _collateralised(trader: Trader, random: Random, synth_price_8: int) -> Trader:
    """Part of the margin is a synth, which counts with a haircut."""
    share_bps = random.randint(4_000, 9_500)
    value_18 = trader.deposit_18 * share_bps // _BPS
    synth_18 = value_18 * 10**8 * _BPS // (synth_price_8 * (_BPS - _USUAL_HAIRCUT_BPS))
    return replace(trader, deposit_18=trader.deposit_18 - value_18, synth_18=synth_18)


def _margin_18(notional_usd: int, leverage_bps: int) -> int:
    notional_18 = notional_usd * 10**18
    cost_18 = notional_18 * _ENTRY_COST_BPS // _BPS + _ENTRY_COST_USD * 10**18
    return notional_18 * _BPS // leverage_bps + cost_18


def _notional(random: Random) -> int:
    """Sizes as they are on real venues: many small, few large (log-normal, median 15,000 USD)."""
    return min(max(int(random.lognormvariate(9.6, 0.9)), _MIN_NOTIONAL_USD), _MAX_NOTIONAL_USD)
