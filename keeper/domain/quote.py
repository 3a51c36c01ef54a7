"""Signed prices that can be put on a chain, and why one is not used. Pure, in integers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from keeper.domain.chain import Timestamp

PriceId = NewType("PriceId", str)
"""Names a feed at its price service; Pyth's are 32 bytes as lower-case hex with 0x."""
PPM = 10**6
"""Parts per million in a whole."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that somebody signed: `low_raw` and `high_raw` times 10^`exponent`, the same where the service has one price (Pyth).

    `payload` is what is put on the chain, at a fee of `fee_raw` in the smallest unit of the chain's coin; it proves this price alone.
    After `valid_until` the chain refuses it; None where it never does, and the contract that needs a price says how old it may be."""

    price_id: PriceId
    low_raw: int
    high_raw: int
    exponent: int
    publish_time: Timestamp
    payload: bytes
    fee_raw: int = 0
    valid_until: Timestamp | None = None


class QuoteRefusal(StrEnum):
    """Why a quote is not used: what is wrong with the payload, or with the price it proves."""

    FORMAT = "format"
    """Not of the format it should have, or without what was asked for."""
    SIGNATURE = "signature"
    """Not signed by enough of the signers, or by others."""
    PROOF = "proof"
    """The price is not part of what was signed."""
    CONTRADICTION = "contradiction"
    """The service says something else than its payload."""
    SIGN = "sign"
    """Not above zero, or the low price above the high one."""
    EXPIRY = "expiry"
    """The chain accepts it no more."""
    STALENESS = "staleness"
    """Published too long ago."""
    FUTURE = "future"
    """Published later than now."""
    DEVIATION = "deviation"
    """Too far from the last price of the same feed."""


@dataclass(frozen=True, slots=True)
class QuoteLimits:
    """What a quote must keep to. How old it may be, and how far ahead of our clock; how much it may differ from the last price of its feed
    (millionths of that), and for how long a last price is a measure."""

    max_age_s: int
    max_lead_s: int
    max_deviation_ppm: int
    deviation_window_s: int


def staleness(quote: Quote, now: Timestamp, limits: QuoteLimits) -> QuoteRefusal | None:
    """Whether the quote is too old at `now`."""
    return QuoteRefusal.STALENESS if now - quote.publish_time > limits.max_age_s else None


def future(quote: Quote, now: Timestamp, limits: QuoteLimits) -> QuoteRefusal | None:
    """Whether the quote is too far ahead of `now`: a clock is wrong, or somebody wants a price to be the newest for long."""
    return QuoteRefusal.FUTURE if quote.publish_time - now > limits.max_lead_s else None


def deviation(quote: Quote, last: Quote | None, limits: QuoteLimits) -> QuoteRefusal | None:
    """Whether the low or the high price differs too much from `last`, the last price of the same feed; None where there is none.

    A last price that is older than the window measures nothing: markets move while nobody looks."""
    if last is None or abs(quote.publish_time - last.publish_time) > limits.deviation_window_s:
        return None
    pairs = ((quote.low_raw, last.low_raw), (quote.high_raw, last.high_raw))
    far = any(_is_far(price, quote.exponent, base, last.exponent, limits.max_deviation_ppm) for price, base in pairs)
    return QuoteRefusal.DEVIATION if far else None


def refusal(quote: Quote, last: Quote | None, now: Timestamp, limits: QuoteLimits) -> QuoteRefusal | None:
    """The first reason against the quote; None for one that may be used. `last` is the last price of its feed, where one is known."""
    if not 0 < quote.low_raw <= quote.high_raw:
        return QuoteRefusal.SIGN
    if quote.valid_until is not None and now > quote.valid_until:
        return QuoteRefusal.EXPIRY
    return staleness(quote, now, limits) or future(quote, now, limits) or deviation(quote, last, limits)


def _is_far(price_raw: int, exponent: int, base_raw: int, base_exponent: int, max_ppm: int) -> bool:
    common = min(exponent, base_exponent)
    price: int = price_raw * 10 ** (exponent - common)
    base: int = base_raw * 10 ** (base_exponent - common)
    return abs(price - base) * PPM > max_ppm * abs(base)
