"""Drawing the traders of a Synthetix V3 devnet from a seed: pure, the same seed gives the same traders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from contracts.devnet.deployment import Position, Side
from contracts.devnet.synthetix_v3.deployment import Style, Trader
from contracts.devnet.traders import trader_address

_BPS = 10_000
_FIRST_ACCOUNT = 1_000
_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS = 15_000, 99_000
_MIN_DEBTOR_LEVERAGE_BPS, _MAX_DEBTOR_LEVERAGE_BPS = 80_000, 90_000
_MIN_NOTIONAL_USD, _MAX_NOTIONAL_USD = 6_000, 120_000
_DEBTOR_NOTIONALS_USD = (20_000, 30_000)
"""With less, what is required beside the ratio would keep a debtor from closing; with more, the premium of the others would."""
# What opening costs beside the margin: fee, settlement, and the premium of a skewed market.
_ENTRY_COST_BPS = 60
_ENTRY_COST_USD = 5
_USUAL_HAIRCUT_BPS = 500
_STYLES: tuple[tuple[Style, int], ...] = (("taker", 44), ("both", 15), ("collateral", 25), ("debtor", 6), ("idle", 10))
_LONG_SHARE = 0.66


@dataclass(frozen=True, slots=True)
class Scene:
    """What a draw depends on beside the seed: prices by market (8 decimals) and the market that the synth follows."""

    prices_8: Mapping[str, int]
    synth_follows: str


def draw_traders(seed: int, count: int, scene: Scene) -> tuple[Trader, ...]:
    """`count` traders. The first ones of a larger draw are the same as those of a smaller one."""
    return tuple(_draw(seed, index, scene) for index in range(count))


def _draw(seed: int, index: int, scene: Scene) -> Trader:
    random = Random(f"synthetix_v3/{seed}/{index}")
    style = _style(index, random)
    leverage_bps = random.randint(_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS)
    side: Side = "long" if random.random() < _LONG_SHARE else "short"
    markets = tuple(scene.prices_8)
    selection = markets if style == "both" else (random.choice(markets),)
    positions = tuple(Position(market, side, _notional(random)) for market in selection)
    margin_18 = sum(_margin_18(position.notional_usd, leverage_bps) for position in positions)
    trader = Trader(trader_address(seed, index), _FIRST_ACCOUNT + index, style, leverage_bps, margin_18)
    if style == "idle":
        return trader
    if style == "debtor":
        return _debtor(trader, random, scene)
    holder = replace(trader, positions=positions)
    return _collateralised(holder, random, scene) if style == "collateral" else holder


def _style(index: int, random: Random) -> Style:
    # The first five are one of each, so that the smallest devnet has all styles too.
    if index < len(_STYLES):
        return _STYLES[index][0]
    names = [name for name, _ in _STYLES]
    return random.choices(names, [weight for _, weight in _STYLES])[0]


def _collateralised(trader: Trader, random: Random, scene: Scene) -> Trader:
    """Part of the margin is a synth, which counts with a haircut."""
    share_bps = random.randint(4_000, 9_500)
    value_18 = trader.deposit_18 * share_bps // _BPS
    price_8 = scene.prices_8[scene.synth_follows]
    synth_18 = value_18 * 10**8 * _BPS // (price_8 * (_BPS - _USUAL_HAIRCUT_BPS))
    return replace(trader, deposit_18=trader.deposit_18 - value_18, synth_18=synth_18)


def _debtor(trader: Trader, random: Random, scene: Scene) -> Trader:
    """Long with nothing but the synth as margin, in a market of another asset: its dip leaves the synth as it is."""
    market = random.choice([name for name in scene.prices_8 if name != scene.synth_follows])
    leverage_bps = random.randint(_MIN_DEBTOR_LEVERAGE_BPS, _MAX_DEBTOR_LEVERAGE_BPS)
    position = Position(market, "long", random.randint(*_DEBTOR_NOTIONALS_USD))
    value_18 = position.notional_usd * 10**18 * _BPS // leverage_bps
    synth_18 = value_18 * 10**8 // scene.prices_8[scene.synth_follows]
    return replace(trader, leverage_bps=leverage_bps, deposit_18=0, synth_18=synth_18, positions=(position,))


def _margin_18(notional_usd: int, leverage_bps: int) -> int:
    notional_18 = notional_usd * 10**18
    cost_18 = notional_18 * _ENTRY_COST_BPS // _BPS + _ENTRY_COST_USD * 10**18
    return notional_18 * _BPS // leverage_bps + cost_18


def _notional(random: Random) -> int:
    """Sizes as they are on real venues: many small, few large (log-normal, median 15,000 USD)."""
    return min(max(int(random.lognormvariate(9.6, 0.9)), _MIN_NOTIONAL_USD), _MAX_NOTIONAL_USD)
