"""Which log is which event: the decoders of this deployment's claimed contracts."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TypeAlias

from keeper.domain.chain import Address, RawLog
from keeper.domain.event_abi import log_decoder, place_of, topic_of
from keeper.errors import DecodeError
from keeper.venues.perp_v2.events import LogEvent
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.signatures import WITH_EFFECT, WITHOUT_EFFECT

_Decode: TypeAlias = Callable[[RawLog], LogEvent | None]


class Decoder:
    """Decodes the logs of one deployment's claimed contracts."""

    def __init__(self, options: Options) -> None:
        addresses: dict[str, Address] = asdict(options)
        self._by_contract: Mapping[Address, Mapping[bytes, _Decode]] = {
            addresses[contract]: _compile_contract(contract) for contract in WITH_EFFECT
        }

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The claimed contracts."""
        return tuple(self._by_contract)

    def __call__(self, log: RawLog) -> LogEvent | None:
        """The event, or None where the log has no effect or is not a claimed contract's. Raises DecodeError."""
        contract = self._by_contract.get(log.address)
        if contract is None:
            return None
        decode = contract.get(log.topics[0]) if log.topics else None
        if decode is None:
            raise DecodeError(f"{place_of(log)}: topic {log.topics[0].hex() if log.topics else '(none)'} is not in the contract's ABI")
        return decode(log)


def _compile_contract(contract: str) -> dict[bytes, _Decode]:
    ignored: dict[bytes, _Decode] = {topic_of(signature): _ignore for signature in WITHOUT_EFFECT[contract]}
    return ignored | {topic_of(signature): log_decoder(signature, make) for signature, make in WITH_EFFECT[contract]}


def _ignore(log: RawLog) -> None:
    return None
