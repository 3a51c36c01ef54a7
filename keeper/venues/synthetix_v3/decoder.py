"""Which log is which event: the decoders of one deployment's contracts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TypeAlias

from keeper.domain.chain import Address, LogFilter, RawLog
from keeper.domain.event_abi import log_decoder, place_of, topic_of
from keeper.errors import DecodeError
from keeper.venues.synthetix_v3.events import LogEvent
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.signatures import OTHERS, PERPS_MARKET, WITHOUT_EFFECT

_Decode: TypeAlias = Callable[[RawLog], LogEvent | None]


class Decoder:
    """Decodes all logs of the perps market, and of the other contracts the one event each that is asked for."""

    def __init__(self, options: Options) -> None:
        addresses: dict[str, Address] = asdict(options)
        without_effect: dict[bytes, _Decode] = {topic_of(signature): _ignore for signature in WITHOUT_EFFECT}
        self._perps_market = options.perps_market
        self._own = without_effect | {topic_of(signature): log_decoder(signature, make) for signature, make in PERPS_MARKET}
        self._others: Mapping[tuple[Address, bytes], _Decode] = {
            (addresses[contract], topic_of(signature)): log_decoder(signature, make) for contract, (signature, make) in OTHERS.items()
        }

    @property
    def filters(self) -> Sequence[LogFilter]:
        """Which logs to ask for."""
        others = (LogFilter((address,), (topic,)) for address, topic in self._others)
        return (LogFilter((self._perps_market,)), *others)

    def __call__(self, log: RawLog) -> LogEvent | None:
        """The event, or None where the log has no effect or is not asked for. Raises DecodeError."""
        topic = log.topics[0] if log.topics else b""
        decode = self._own.get(topic) if log.address == self._perps_market else self._others.get((log.address, topic), _ignore)
        if decode is None:
            raise DecodeError(f"{place_of(log)}: topic {topic.hex() or '(none)'} is not in the perps market's ABI")
        return decode(log)


def _ignore(log: RawLog) -> None:
    return None
