"""Money amounts as news texts print them, read exactly."""

import re
from fractions import Fraction

from analytics.models.arrays import ModelInputError

_MULTIPLIERS = (("万亿", 10**12), ("萬億", 10**12), ("亿", 10**8), ("億", 10**8), ("万", 10**4), ("萬", 10**4))
_LATIN = (
    ("trillion", 10**12),
    ("billion", 10**9),
    ("bn", 10**9),
    ("million", 10**6),
    ("mn", 10**6),
    ("k", 10**3),
    ("t", 10**12),
    ("b", 10**9),
    ("m", 10**6),
)
_FORM = re.compile(r"(?:US)?\$?\s*(?P<digits>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[^\d\s]*)\s*(?:美元|usd)?", re.IGNORECASE)


def parse_amount(text: str) -> Fraction:
    """The exact amount in units of `260亿`, `26 億美元`, `$2.6B`, `145.18 million`, `1,618,240`. 亿 is 10^8: 260亿 is 26 billion.

    Raises ModelInputError for anything else, so that a unit nobody knows never becomes a factor of ten."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ModelInputError(f"no amount can be read in {text!r}")
    return Fraction(match["digits"].replace(",", "")) * _multiplier(match["unit"].removesuffix("美元"), text)


def _multiplier(unit: str, text: str) -> int:
    folded = unit.casefold()
    for name, factor in (("", 1), ("usd", 1), *_MULTIPLIERS, *_LATIN):
        if folded == name:
            return factor
    raise ModelInputError(f"unknown unit {unit!r} in {text!r}")


def disagreement(first: Fraction, second: Fraction) -> Fraction:
    """How many times the larger of two printings of one amount is the smaller; 10 marks the 亿/billion slip of seed S3."""
    if first <= 0 or second <= 0:
        raise ModelInputError("only positive amounts can be compared")
    return max(first, second) / min(first, second)
