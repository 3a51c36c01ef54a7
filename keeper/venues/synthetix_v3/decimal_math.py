"""DecimalMath of @synthetixio/core-contracts: 18-decimal multiplication and division, truncated towards zero as Solidity does."""

from keeper.domain.fixed import X18, div_trunc


def mul_decimal(left: int, right: int) -> int:
    """DecimalMath.mulDecimal."""
    return div_trunc(left * right, X18)


def div_decimal(numerator: int, denominator: int) -> int:
    """DecimalMath.divDecimal. Raises ZeroDivisionError, where the contract panics."""
    return div_trunc(numerator * X18, denominator)
