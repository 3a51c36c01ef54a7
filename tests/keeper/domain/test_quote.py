"""Which quotes are used: exact to the second and to the millionth."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import Timestamp
from keeper.domain.quote import PPM, PriceId, Quote, QuoteLimits, QuoteRefusal, deviation, future, refusal, staleness

NOON = Timestamp(1_700_000_000)
LIMITS = QuoteLimits(max_age_s=10, max_lead_s=3, max_deviation_ppm=100_000, deviation_window_s=60)
QUOTE = Quote(PriceId("0x01"), 2_000 * 10**8, 2_000 * 10**8, -8, NOON, b"")


def _at(seconds: int) -> Timestamp:
    return Timestamp(NOON + seconds)


@pytest.mark.parametrize(("age", "reason"), [(0, None), (10, None), (11, QuoteRefusal.STALENESS)])
def test_a_quote_may_be_as_old_as_the_limit(age: int, reason: QuoteRefusal | None) -> None:
    assert staleness(QUOTE, _at(age), LIMITS) is reason
    assert refusal(QUOTE, None, _at(age), LIMITS) is reason


@pytest.mark.parametrize(("lead", "reason"), [(0, None), (3, None), (4, QuoteRefusal.FUTURE)])
def test_a_quote_may_be_as_far_ahead_as_the_limit(lead: int, reason: QuoteRefusal | None) -> None:
    assert future(QUOTE, _at(-lead), LIMITS) is reason
    assert refusal(QUOTE, None, _at(-lead), LIMITS) is reason


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [
        (2_200, 2_200, None),
        (1_800, 1_800, None),
        (2_201, 2_201, QuoteRefusal.DEVIATION),
        (1_799, 1_799, QuoteRefusal.DEVIATION),
        (2_000, 2_201, QuoteRefusal.DEVIATION),
        (1_799, 2_000, QuoteRefusal.DEVIATION),
    ],
)
def test_a_quote_may_be_as_far_from_the_last_as_the_limit(low: int, high: int, reason: QuoteRefusal | None) -> None:
    """Ten per cent, of both prices."""
    quote = replace(QUOTE, low_raw=low * 10**8, high_raw=high * 10**8)
    assert refusal(quote, QUOTE, NOON, LIMITS) is reason


@given(st.integers(1, 10**20), st.integers(-30, 10), st.integers(1, 10**20), st.integers(-30, 10), st.integers(0, 2 * PPM))
def test_the_deviation_is_exact_whatever_the_exponents(price: int, exponent: int, base: int, base_exponent: int, max_ppm: int) -> None:
    quote = replace(QUOTE, low_raw=price, high_raw=price, exponent=exponent)
    last = replace(QUOTE, low_raw=base, high_raw=base, exponent=base_exponent)
    ratio = Fraction(price) * Fraction(10) ** exponent / (Fraction(base) * Fraction(10) ** base_exponent)
    far = abs(ratio - 1) > Fraction(max_ppm, PPM)
    assert (deviation(quote, last, replace(LIMITS, max_deviation_ppm=max_ppm)) is QuoteRefusal.DEVIATION) == far


@pytest.mark.parametrize(("seconds", "reason"), [(60, QuoteRefusal.DEVIATION), (61, None), (-60, QuoteRefusal.DEVIATION), (-61, None)])
def test_a_last_price_measures_nothing_once_it_is_old(seconds: int, reason: QuoteRefusal | None) -> None:
    far = replace(QUOTE, low_raw=1, high_raw=1, publish_time=_at(seconds))
    assert deviation(far, QUOTE, LIMITS) is reason


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-1, 5), (-2, -1), (6, 5)])
def test_prices_are_above_zero_and_low_is_not_above_high(low: int, high: int) -> None:
    assert refusal(replace(QUOTE, low_raw=low, high_raw=high), None, NOON, LIMITS) is QuoteRefusal.SIGN


@pytest.mark.parametrize(("valid_until", "reason"), [(None, None), (NOON, None), (NOON - 1, QuoteRefusal.EXPIRY)])
def test_a_quote_the_chain_refuses_is_refused(valid_until: Timestamp | None, reason: QuoteRefusal | None) -> None:
    assert refusal(replace(QUOTE, valid_until=valid_until), None, NOON, LIMITS) is reason
