"""Seed S3: "260亿" is 26 billion, and a text that means 2.6 billion is ten times off."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.models.amount import disagreement, parse_amount
from analytics.models.arrays import ModelInputError


def test_the_ten_times_error_of_the_seed_is_found() -> None:
    assert parse_amount("260亿") == 26_000_000_000
    assert parse_amount("$2.6B") == 2_600_000_000
    assert disagreement(parse_amount("260亿"), parse_amount("$2.6B")) == 10
    assert parse_amount("26亿美元") == parse_amount("2.6 billion")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("26 億", 2_600_000_000),
        ("1.5万亿", 1_500_000_000_000),
        ("3万", 30_000),
        ("145.18 million", 145_180_000),
        ("$145.18M", 145_180_000),
        ("1,618,240", 1_618_240),
        ("US$ 19.13bn", 19_130_000_000),
        ("0.1亿", 10_000_000),
        ("415m USD", 415_000_000),
    ],
)
def test_printed_amounts(text: str, amount: int) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize("text", ["", "亿", "12 parsecs", "-3亿", "3..4M", "1 亿 2", "26亿吨"])
def test_unreadable_amounts_are_refused(text: str) -> None:
    with pytest.raises(ModelInputError):
        parse_amount(text)


@given(st.integers(0, 10**12), st.integers(0, 6))
def test_hundred_millions_are_read_exactly(whole: int, decimals: int) -> None:
    text = f"{whole}.{'0' * decimals}7亿"
    assert parse_amount(text) == (whole + Fraction(7, 10 ** (decimals + 1))) * 10**8
