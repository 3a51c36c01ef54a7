"""Logs to events: one small function per event, compiled from its ABI signature when the venue is made."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TypeAlias

from eth_utils.crypto import keccak

from keeper.domain.chain import Address, RawLog
from keeper.errors import DecodeError
from keeper.venues.perp_v2.events import LogEvent
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.signatures import WITH_EFFECT, WITHOUT_EFFECT, Make

_Topics: TypeAlias = tuple[bytes, ...]
_Read: TypeAlias = Callable[[_Topics, bytes], int | str]
_Decode: TypeAlias = Callable[[RawLog], LogEvent | None]

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")
_WORD = 32


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
            raise DecodeError(f"{_where(log)}: topic {log.topics[0].hex() if log.topics else '(none)'} is not in the contract's ABI")
        return decode(log)


def topic_of(signature: str) -> bytes:
    """topic0: Keccak-256 of the signature's name and types."""
    name, inputs = _parse(signature)
    return keccak(text=f"{name}({','.join(kind for kind, _ in inputs)})")


def _compile_contract(contract: str) -> dict[bytes, _Decode]:
    ignored: dict[bytes, _Decode] = {topic_of(signature): _ignore for signature in WITHOUT_EFFECT[contract]}
    return ignored | {topic_of(signature): _compile(signature, make) for signature, make in WITH_EFFECT[contract]}


def _ignore(log: RawLog) -> None:
    return None


def _compile(signature: str, make: Make) -> _Decode:
    name, inputs = _parse(signature)
    readers: list[_Read] = []
    topics, words = 1, 0
    for kind, indexed in inputs:
        if indexed:
            readers.append(_topic_reader(kind, topics))
            topics += 1
        else:
            readers.append(_data_reader(kind, words * _WORD))
            words += 1
    return _decode_with(name, make, tuple(readers), topics, words * _WORD)


def _decode_with(name: str, make: Make, readers: tuple[_Read, ...], topics_count: int, size: int) -> _Decode:
    def decode(log: RawLog) -> LogEvent:
        topics, data = log.topics, log.data
        if len(topics) != topics_count or len(data) != size:
            raise DecodeError(f"{_where(log)}: {name} with {len(topics)} topics and {len(data)} bytes; {topics_count} and {size} expected")
        return make(*[read(topics, data) for read in readers])

    return decode


def _topic_reader(kind: str, index: int) -> _Read:
    if kind == "address":
        return lambda topics, data: "0x" + topics[index][12:].hex()
    signed = kind.startswith("int")
    return lambda topics, data: int.from_bytes(topics[index], "big", signed=signed)


def _data_reader(kind: str, start: int) -> _Read:
    end = start + _WORD
    if kind == "address":
        return lambda topics, data: "0x" + data[start + 12 : end].hex()
    signed = kind.startswith("int")
    return lambda topics, data: int.from_bytes(data[start:end], "big", signed=signed)


def _parse(signature: str) -> tuple[str, list[tuple[str, bool]]]:
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not an event signature: {signature}")
    inputs = [part.split() for part in match[2].split(",")]
    return match[1], [(words[0], "indexed" in words) for words in inputs]


def _where(log: RawLog) -> str:
    return f"log {log.log_index} of {log.address} in block {log.block_number} ({log.transaction_hash})"
