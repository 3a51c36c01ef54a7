"""Drawing the traders of a devnet from a seed: pure, the same seed gives the same traders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.devnet.deployment import Collateral, Order, Position, Side, Style, Trader
from contracts.devnet.pricing import Range, liquidity_for_depth

_BPS = 10_000
_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS = 15_000, 99_000
_MAX_LATE_LEVERAGE_BPS = 80_000
_MIN_NOTIONAL_USD, _MAX_NOTIONAL_USD = 6_000, 120_000
# What opening costs: the fee of 0.1 % and the pool's slippage. Added to the deposit so that the drawn leverage holds
# after the trade, and one of 9.9x passes the venue's check of 10 % initial margin.
_ENTRY_COST_BPS = 40
_STYLES: tuple[tuple[Style, int], ...] = (("taker", 42), ("both", 12), ("maker", 10), ("collateral", 12), ("late", 24))
_LONG_SHARE = 0.66
"""Of those in the market before the path begins; who comes late comes short."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a draw depends on beside the seed: prices by market (8 decimals) and the collaterals on offer."""

    prices_8: Mapping[str, int]
    collaterals: Sequence[Collateral]


def draw_traders(seed: int, count: int, scene: Scene) -> tuple[Trader, ...]:
    """`count` traders. The first ones of a larger draw are the same as those of a smaller one."""
    return tuple(_draw(seed, index, scene) for index in range(count))


def trader_address(seed: int, index: int) -> str:
    """An address nobody has a key for: the devnet impersonates it."""
    return to_checksum_address(keccak(text=f"perp-keeper devnet trader {seed}/{index}")[12:])


def _draw(seed: int, index: int, scene: Scene) -> Trader:
    random = Random(f"{seed}/{index}")
    style = _style(index, random)
    leverage_bps = random.randint(_MIN_LEVERAGE_BPS, _MAX_LEVERAGE_BPS)
    blank = Trader(trader_address(seed, index), style, leverage_bps, 0)
    if style == "maker":
        return _maker(blank, random, scene)
    if style == "late":
        return _late(blank, random, scene)
    if style == "both":
        return _both(blank, random, scene)
    trader = with_positions(blank, (_position(random, _market(random, scene), _side(random)),))
    return _collateralised(trader, random, scene) if style == "collateral" else trader


def _style(index: int, random: Random) -> Style:
    # The first five are one of each, so that the smallest devnet has all styles too.
    if index < len(_STYLES):
        return _STYLES[index][0]
    names = [name for name, _ in _STYLES]
    return random.choices(names, [weight for _, weight in _STYLES])[0]


def _both(blank: Trader, random: Random, scene: Scene) -> Trader:
    """A position in every market; three of ten are hedged."""
    side = _side(random)
    hedged = random.random() < 0.3
    sides = [side if i == 0 or not hedged else _other(side) for i in range(len(scene.prices_8))]
    pairs = zip(scene.prices_8, sides, strict=True)
    return with_positions(blank, tuple(_position(random, market, direction) for market, direction in pairs))


def _late(blank: Trader, random: Random, scene: Scene) -> Trader:
    """Sells into the fall: deposited at the start, short once the index is 8 to 22 % lower.

    Not at the highest leverage: the venue would let nobody in with it while the market moves.
    """
    careful = replace(blank, leverage_bps=min(blank.leverage_bps, _MAX_LATE_LEVERAGE_BPS))
    trader = with_positions(careful, (_position(random, _market(random, scene), "short"),))
    return replace(trader, enters_below_bps=random.randint(800, 2_200))


def _collateralised(trader: Trader, random: Random, scene: Scene) -> Trader:
    """Part of the margin is another token instead of USDC; it counts with its collateral ratio only."""
    collateral = random.choice(scene.collaterals)
    share_bps = random.randint(4_000, 9_500)
    margin_6 = trader.deposit_6 * share_bps // _BPS
    value_6 = margin_6 * 10**6 // collateral.collateral_ratio
    price_8 = scene.prices_8[collateral.follows]
    amount = value_6 * 10 ** (collateral.decimals + 2) // price_8
    # Settlement in USDC needs a little of it from the start: the entry fee is paid in USDC.
    deposit_6 = trader.deposit_6 - margin_6
    return replace(trader, deposit_6=deposit_6, collateral=collateral.name, collateral_amount=amount)


def _maker(blank: Trader, random: Random, scene: Scene) -> Trader:
    """One or two orders around, below or above the price, the debt of both counted as exposure.

    An order below the price turns into a long position as the price falls through it, one above into a short.
    """
    market = _market(random, scene)
    notional = notional_usd(random)
    count = random.choice((1, 1, 2))
    orders = tuple(_order(random, market, notional // count, scene.prices_8[market]) for _ in range(count))
    unique = tuple({(order.lower_tick, order.upper_tick): order for order in orders}.values())
    deposit_6 = notional * 10**6 * _BPS // blank.leverage_bps + notional * 10**6 * _ENTRY_COST_BPS // _BPS
    return replace(blank, deposit_6=deposit_6, orders=unique)


def _order(random: Random, market: str, notional_usd: int, price_8: int) -> Order:
    low_bps, high_bps = random.choice(((-1_800, -300), (-1_200, -200), (-1_000, 800), (-1_500, 500), (300, 1_500)))
    low = price_8 * (_BPS + low_bps + random.randint(-100, 100)) // _BPS
    high = price_8 * (_BPS + high_bps + random.randint(-100, 100)) // _BPS
    span = Range.between(low, high)
    unit = liquidity_for_depth(1_000, price_8)
    base, quote = span.amounts(unit, price_8)
    value = base * price_8 // 10**8 + quote
    scale = notional_usd * 10**18
    return Order(market, span.lower, span.upper, base * scale // value, quote * scale // value)


def with_positions(trader: Trader, positions: tuple[Position, ...]) -> Trader:
    """The trader with these positions and the deposit they take at his leverage."""
    notional_6 = sum(position.notional_usd for position in positions) * 10**6
    margin_6 = notional_6 * _BPS // trader.leverage_bps
    return replace(trader, deposit_6=margin_6 + notional_6 * _ENTRY_COST_BPS // _BPS, positions=positions)


def _position(random: Random, market: str, side: Side) -> Position:
    return Position(market, side, notional_usd(random))


def notional_usd(random: Random) -> int:
    """Sizes as they are on real venues: many small, few large (log-normal, median 15,000 USD)."""
    return min(max(int(random.lognormvariate(9.6, 0.9)), _MIN_NOTIONAL_USD), _MAX_NOTIONAL_USD)


def _market(random: Random, scene: Scene) -> str:
    return random.choice(tuple(scene.prices_8))


def _side(random: Random) -> Side:
    return "long" if random.random() < _LONG_SHARE else "short"


def _other(side: Side) -> Side:
    return "short" if side == "long" else "long"
