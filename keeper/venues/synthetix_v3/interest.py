"""Interest on locked open interest, one rate for all markets (InterestRate.sol). The rate itself comes with events."""

from keeper.venues.synthetix_v3.decimal_math import div_decimal, mul_decimal
from keeper.venues.synthetix_v3.state import InterestRate, InterestRateParameters

_YEAR_SECONDS = 31_557_600
"""InterestRate.AVERAGE_SECONDS_PER_YEAR."""
_DAY_SECONDS = 86_400
_NO_INTEREST = InterestRateParameters()


def next_interest(interest: InterestRate, now: int) -> int:
    """InterestRate.calculateNextInterest: per USD of locked open interest."""
    return interest.accrued + mul_decimal(interest.rate, div_decimal(now - interest.last_timestamp, _YEAR_SECONDS))


def interest_per_day(interest: InterestRate) -> int:
    """What a day adds to it at the present rate."""
    return mul_decimal(interest.rate, div_decimal(_DAY_SECONDS, _YEAR_SECONDS))


def updated(interest: InterestRate, rate: int, parameters: InterestRateParameters, now: int) -> InterestRate:
    """InterestRate.update, which ended with this rate. Without parameters nothing is accrued and the clock stands still."""
    if parameters == _NO_INTEREST:
        return InterestRate(interest.accrued, 0, interest.last_timestamp)
    return InterestRate(next_interest(interest, now), rate, now)
