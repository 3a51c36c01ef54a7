"""Closed forms of spec section 4: what the estimators and the simulator must reproduce."""

import math

from analytics.models.arrays import ModelInputError


def uniform(x0: float, gain: float) -> float:
    """Uniform density and linear impact, g = rho lambda < 1: x = x0 / (1 - g)."""
    if not 0 <= gain < 1:
        raise ModelInputError(f"no finite rest at gain {gain}")
    return x0 / (1 - gain)


def uniform_wave(x0: float, gain: float, wave: int) -> float:
    """Displacement added by wave k: x0 g^k."""
    return x0 * gain**wave


def cluster_overshoot(gain: float, width: float) -> float:
    """A cluster with g > 1 touched at its near edge: (g - 1) w beyond its far edge."""
    if gain <= 1:
        raise ModelInputError("a cluster with gain <= 1 does not run through")
    return (gain - 1) * width


def square_root(x0: float, a: float) -> float:
    """Square-root impact over uniform density, a = kappa sqrt(rho): ((a + sqrt(a^2 + 4 x0)) / 2)^2. No threshold, floor a^2."""
    return ((a + math.sqrt(a * a + 4 * x0)) / 2) ** 2


def withdrawal(x0: float, gain: float, growth: float) -> float:
    """Makers withdraw, g(x) = g0 (1 + b x): x = [(1-g0) - sqrt((1-g0)^2 - 2 g0 b x0)] / (g0 b); inf above the critical move."""
    if x0 > withdrawal_critical(gain, growth):
        return math.inf
    return (1 - gain - math.sqrt((1 - gain) ** 2 - 2 * gain * growth * x0)) / (gain * growth)


def withdrawal_critical(gain: float, growth: float) -> float:
    """The exogenous move beyond which withdrawal runs away: (1 - g0)^2 / (2 g0 b)."""
    return (1 - gain) ** 2 / (2 * gain * growth)


def second_wave_continues(gain: float, retained: float) -> bool:
    """With recovery and triggers only at new extremes, wave 2 makes one iff g > 1 - r."""
    return gain > 1 - retained
