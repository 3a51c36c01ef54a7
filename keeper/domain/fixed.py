"""Integer arithmetic with the EVM's rounding. Python's // floors; Solidity's / truncates towards zero."""

from decimal import Decimal

Q96 = 1 << 96
X18 = 10**18
X18_DECIMALS = 18
RATIO = 10**6
"""Perp's ratios are uint24 with 1e6 = 100 %."""


def div_trunc(numerator: int, denominator: int) -> int:
    """`numerator / denominator` as Solidity does it: truncated towards zero."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def mul_div(value: int, multiplier: int, denominator: int) -> int:
    """`value * multiplier / denominator` at full precision, truncated towards zero (PerpMath.mulDiv, FullMath.mulDiv)."""
    return div_trunc(value * multiplier, denominator)


def mul_ratio(value: int, ratio: int) -> int:
    """`value` times a 1e6 ratio (PerpMath.mulRatio)."""
    return mul_div(value, ratio, RATIO)


def div_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded away from zero, for bounds that must not be too small."""
    quotient = -(-abs(numerator) // abs(denominator))
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def to_units(raw: int, decimals: int = 18) -> float:
    """A raw amount in plain units, for charts, logs and the lake's DOUBLE columns. Never decides anything."""
    scale: int = 10**decimals
    return raw / scale


def of_units(amount: float, decimals: int = 18) -> int:
    """An amount as people write it, exactly; what is less than a raw unit is cut off."""
    return int(Decimal(repr(amount)).scaleb(decimals))


def sign(value: int) -> int:
    """-1, 0 or 1."""
    return (value > 0) - (value < 0)
