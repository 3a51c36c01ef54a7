"""Which log is which event, in the words of the ABI."""

from collections.abc import Callable, Mapping

from keeper.domain.chain import Address, RawLog
from keeper.domain.event_abi import log_decoder, place_of, topic_of
from keeper.domain.venue import Event
from keeper.errors import DecodeError
from toy_exchange import events

_WITH_EFFECT: Mapping[str, Callable[..., Event]] = {
    "BorrowRateSet(uint256 rate)": events.BorrowRateSet,
    "PositionOpened(address indexed trader,uint256 size,uint256 debt)": events.PositionOpened,
    "PositionClosed(address indexed trader)": events.PositionClosed,
    "PositionLiquidated(address indexed trader,address indexed liquidator,uint256 size,uint256 notional,uint256 reward)": (
        events.PositionLiquidated
    ),
}
_WITHOUT_EFFECT = ("PriceFeedSet(address feed)",)


class Decoder:
    """Decodes all logs of one exchange."""

    def __init__(self, exchange: Address) -> None:
        self._exchange = exchange
        self._decoders = {topic_of(signature): log_decoder(signature, make) for signature, make in _WITH_EFFECT.items()}
        self._ignored = {topic_of(signature) for signature in _WITHOUT_EFFECT}

    def __call__(self, log: RawLog) -> Event | None:
        """The event; None for one without effect, or of another contract. Raises DecodeError."""
        topic = log.topics[0] if log.topics else b""
        if log.address != self._exchange or topic in self._ignored:
            return None
        if topic not in self._decoders:
            raise DecodeError(f"{place_of(log)}: topic {topic.hex() or '(none)'} is not in the exchange's ABI")
        return self._decoders[topic](log)
