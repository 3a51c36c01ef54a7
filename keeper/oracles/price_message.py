"""Pyth's price feed message: what is under the signed root (`PythAccumulator.parsePriceFeedMessage`)."""

from dataclasses import dataclass
from typing import Self

from keeper.domain.chain import Timestamp
from keeper.domain.quote import PriceId, QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.byte_reader import ByteReader

_PRICE_FEED = 0
_MAX_EXPONENT = 77
"""Of more digits no 256-bit number is made; a wild exponent must not make us compute for ever."""


@dataclass(frozen=True, slots=True)
class PriceMessage:
    """`price_raw` ± `confidence_raw`, times 10^`exponent`, and the moving average likewise. `previous_publish_time` is the price's
    before it: where it is earlier than a moment, this price is the first after that moment."""

    price_id: PriceId
    price_raw: int
    confidence_raw: int
    exponent: int
    publish_time: Timestamp
    previous_publish_time: Timestamp
    ema_price_raw: int
    ema_confidence_raw: int

    @classmethod
    def parse(cls, source: bytes) -> Self:
        """Bytes behind the known fields are for readers that know them. Raises BadUpdate (format)."""
        reader = ByteReader(source)
        if reader.unsigned(1) != _PRICE_FEED:
            raise BadUpdate(QuoteRefusal.FORMAT, "a message that is not a price")
        message = cls(
            price_id=PriceId("0x" + reader.take(32).hex()),
            price_raw=reader.signed(8),
            confidence_raw=reader.unsigned(8),
            exponent=reader.signed(4),
            publish_time=Timestamp(reader.unsigned(8)),
            previous_publish_time=Timestamp(reader.unsigned(8)),
            ema_price_raw=reader.signed(8),
            ema_confidence_raw=reader.unsigned(8),
        )
        if abs(message.exponent) > _MAX_EXPONENT:
            raise BadUpdate(QuoteRefusal.FORMAT, f"an exponent of {message.exponent}")
        return message
