"""Seed S0: squeeze entry and exhaustion on bars of one market. Every condition is returned with the number that decided it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.models.arrays import Floats, ModelInputError, floats, same_length


@dataclass(frozen=True, slots=True, eq=False)
class SignalBars:
    """Equal-length bars, oldest first: prices USD, volume base, short-victim USD, 8-hour funding rate in force, open interest base (nan:
    unknown)."""

    high: Floats
    low: Floats
    open: Floats
    close: Floats
    volume: Floats
    short_liquidations: Floats
    funding_8h: Floats
    open_interest: Floats

    def __post_init__(self) -> None:
        same_length(
            high=self.high, low=self.low, open=self.open, close=self.close, volume=self.volume,
            short_liquidations=self.short_liquidations, funding_8h=self.funding_8h, open_interest=self.open_interest,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignalRules:
    """Thresholds, in bars where counted: the breakout level looks back `lookback` bars and must hold `hold` bars."""

    lookback: int = 24
    hold: int = 2
    volume_multiple: float = 1.5
    deep_negative_8h: float = -0.0001
    overbought: float = 70.0
    wick_share: float = 0.5
    rsi_period: int = 14
    stall_share: float = 0.002


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: whether it holds (None: not known) and the figure behind it."""

    name: str
    holds: bool | None
    value: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Signal:
    """A named signal: on when all its conditions are known to hold."""

    name: str
    conditions: tuple[Condition, ...]

    @property
    def on(self) -> bool:
        """All conditions hold."""
        return all(condition.holds for condition in self.conditions)


def rsi(close: ArrayLike, period: int = 14) -> Floats:
    """Wilder's relative strength index (1978), 0..100; nan for the first `period` bars. 50 when nothing moved."""
    prices = floats("close", close)
    result = np.full(len(prices), np.nan)
    if period < 1:
        raise ModelInputError("the period must be at least 1")
    if len(prices) <= period:
        return result
    change = np.diff(prices)
    gain, loss = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    up, down = float(gain[:period].mean()), float(loss[:period].mean())
    result[period] = _strength(up, down)
    for i in range(period, len(change)):
        up = (up * (period - 1) + gain[i]) / period
        down = (down * (period - 1) + loss[i]) / period
        result[i + 1] = _strength(up, down)
    return result


def _strength(up: float, down: float) -> float:
    return 50.0 if up + down == 0 else 100 * up / (up + down)


def squeeze_entry(bars: SignalBars, rules: SignalRules) -> Signal:
    """At the last bar: breakout held, volume up, short liquidations up, funding rising from deep negative. Needs lookback + hold bars."""
    if len(bars.close) < rules.lookback + rules.hold:
        raise ModelInputError(f"squeeze entry needs {rules.lookback + rules.hold} bars, {len(bars.close)} given")
    past = slice(-rules.lookback - rules.hold, -rules.hold)
    recent = slice(-rules.hold, None)
    level = float(bars.high[past].max())
    held = float(bars.close[recent].min()) / level - 1
    volume = _ratio(float(bars.volume[recent].mean()), float(np.median(bars.volume[past])))
    shorts = _ratio(float(bars.short_liquidations[recent].mean()), float(bars.short_liquidations[past].mean()))
    funding = bars.funding_8h[past.start :]
    known = funding[np.isfinite(funding)]
    deepest = float(known.min()) if len(known) else None
    rising = bool(deepest is not None and deepest <= rules.deep_negative_8h and known[-1] > deepest)
    return Signal(
        "squeeze entry",
        (
            Condition("breakout held", held > 0, held, "close over the former high - 1"),
            Condition("volume up", None if volume is None else volume >= rules.volume_multiple, volume, "times the median"),
            Condition("short liquidations up", None if shorts is None else shorts > 1, shorts, "times the mean before"),
            Condition("funding rising from deep negative", None if deepest is None else rising, deepest, "lowest 8-hour rate"),
        ),
    )


def exhaustion(bars: SignalBars, rules: SignalRules) -> Signal:
    """At the last bar: short liquidations falling, RSI above 70 while price stalls, a long upper wick among the last `hold` bars."""
    if len(bars.close) <= rules.rsi_period + rules.hold:
        raise ModelInputError(f"exhaustion needs more than {rules.rsi_period + rules.hold} bars, {len(bars.close)} given")
    now, before = slice(-rules.hold, None), slice(-2 * rules.hold, -rules.hold)
    falling = _ratio(float(bars.short_liquidations[now].mean()), float(bars.short_liquidations[before].mean()))
    strength = float(rsi(bars.close, rules.rsi_period)[-1])
    progress = float(bars.close[-1] / bars.close[-1 - rules.hold]) - 1
    span = bars.high[now] - bars.low[now]
    upper = bars.high[now] - np.maximum(bars.open[now], bars.close[now])
    wick = float(np.max(np.divide(upper, span, out=np.zeros_like(span), where=span > 0)))
    return Signal(
        "squeeze exhaustion",
        (
            Condition("short liquidations falling", None if falling is None else falling < 1, falling, "times the bars before"),
            Condition("RSI above 70", strength > rules.overbought, strength, "RSI"),
            Condition("price stalls", abs(progress) <= rules.stall_share, progress, "return over the last bars"),
            Condition("long upper wick", wick >= rules.wick_share, wick, "share of the bar's range"),
        ),
    )


def fragile_build_up(bars: SignalBars, rules: SignalRules) -> Signal:
    """Fuel without fire: open interest rising while price stalls, over the lookback."""
    if len(bars.close) <= rules.lookback:
        raise ModelInputError(f"build-up needs more than {rules.lookback} bars, {len(bars.close)} given")
    growth = float(bars.open_interest[-1] / bars.open_interest[-1 - rules.lookback]) - 1
    drift = float(bars.close[-1] / bars.close[-1 - rules.lookback]) - 1
    rising = growth > 0 if np.isfinite(growth) else None
    return Signal(
        "open interest up, price stalled",
        (
            Condition("open interest up", rising, growth if rising is not None else None, "growth in base units"),
            Condition("price stalls", abs(drift) <= rules.stall_share * rules.lookback**0.5, drift, "return"),
        ),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 and np.isfinite(part) else None


def equity_lost(adverse_move: float, leverage: float) -> float:
    """Share of an isolated position's initial margin that an adverse move (fraction) costs: move x leverage; 1 or more is a wipe-out."""
    if adverse_move < 0 or leverage < 1:
        raise ModelInputError("need a move >= 0 and a leverage >= 1")
    return adverse_move * leverage
