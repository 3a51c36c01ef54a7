"""Logs to events: one small function per event, compiled from its ABI signature when a venue is made.

A signature names its inputs as Solidity does: "Deposited(address indexed collateralToken,uint256 amount)". Addresses and bytes32 are read
as lower-case hex, bytes as hex, integers and booleans as such, bytes32[] as unsigned integers."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from eth_utils.crypto import keccak

from keeper.domain.chain import RawLog
from keeper.errors import DecodeError

E = TypeVar("E")

_Value: TypeAlias = int | str | bool | tuple[int, ...]
_Topics: TypeAlias = tuple[bytes, ...]
_Read: TypeAlias = Callable[[_Topics, bytes], _Value]

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")
_WORD = 32
_DYNAMIC = ("string", "bytes", "bytes32[]")


def topic_of(signature: str) -> bytes:
    """topic0: Keccak-256 of the signature's name and types. Tuples are written out: "(uint8,uint256)"."""
    name, inputs = _parse(signature)
    return keccak(text=f"{name}({','.join(kind for kind, _ in inputs)})")


def log_decoder(signature: str, make: Callable[..., E]) -> Callable[[RawLog], E]:
    """Reads one event's logs; `make` takes the arguments in the ABI's order. The decoder raises DecodeError for topics or data that are
    more or less than the event has. Raises ValueError where the text is not an event's signature."""
    name, inputs = _parse(signature)
    readers: list[_Read] = []
    tails: list[tuple[str, int]] = []
    topics, words = 1, 0
    for kind, indexed in inputs:
        if indexed:
            readers.append(_topic_reader(kind, topics))
            topics += 1
            continue
        readers.append(_dynamic_reader(kind, words * _WORD) if kind in _DYNAMIC else _data_reader(kind, words * _WORD))
        if kind in _DYNAMIC:
            tails.append((kind, words * _WORD))
        words += 1
    return _decoder(name, make, tuple(readers), topics, words * _WORD, tuple(tails))


def place_of(log: RawLog) -> str:
    """Where a log stands, for messages."""
    return f"log {log.log_index} of {log.address} in block {log.block_number} ({log.transaction_hash})"


def _decoder(
    name: str, make: Callable[..., E], readers: Sequence[_Read], topics_count: int, head: int, tails: Sequence[tuple[str, int]]
) -> Callable[[RawLog], E]:
    def decode(log: RawLog) -> E:
        topics, data = log.topics, log.data
        size = head if not tails else head + sum(_tail_size(kind, start, data) for kind, start in tails)
        if len(topics) != topics_count or len(data) != size:
            raise DecodeError(
                f"{place_of(log)}: {name} with {len(topics)} topics and {len(data)} bytes; {topics_count} and {size} expected"
            )
        return make(*[read(topics, data) for read in readers])

    return decode


def _topic_reader(kind: str, index: int) -> _Read:
    if kind == "address":
        return lambda topics, data: "0x" + topics[index][12:].hex()
    if kind == "bytes32":
        return lambda topics, data: "0x" + topics[index].hex()
    signed = kind.startswith("int")
    return lambda topics, data: int.from_bytes(topics[index], "big", signed=signed)


def _data_reader(kind: str, start: int) -> _Read:
    end = start + _WORD
    if kind == "address":
        return lambda topics, data: "0x" + data[start + 12 : end].hex()
    if kind == "bytes32":
        return lambda topics, data: "0x" + data[start:end].hex()
    if kind == "bool":
        return lambda topics, data: data[start:end] != bytes(_WORD)
    signed = kind.startswith("int")
    return lambda topics, data: int.from_bytes(data[start:end], "big", signed=signed)


def _dynamic_reader(kind: str, start: int) -> _Read:
    if kind == "string":
        return lambda topics, data: _tail(data, start, 1).decode("utf-8", errors="replace")
    if kind == "bytes":
        return lambda topics, data: "0x" + _tail(data, start, 1).hex()
    return lambda topics, data: _words(_tail(data, start, _WORD))


def _tail(data: bytes, start: int, unit: int) -> bytes:
    """The content of the dynamic argument whose offset stands at `start`, its length counted in `unit` bytes."""
    offset = _number(data, start)
    length = _number(data, offset) * unit
    return data[offset + _WORD : offset + _WORD + length]


def _tail_size(kind: str, start: int, data: bytes) -> int:
    """Bytes of a dynamic argument behind the head: its length and its content, padded to whole words."""
    length = _number(data, _number(data, start)) * (_WORD if kind == "bytes32[]" else 1)
    return _WORD + -(-length // _WORD) * _WORD


def _words(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[start : start + _WORD], "big") for start in range(0, len(data), _WORD))


def _number(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + _WORD], "big")


def _parse(signature: str) -> tuple[str, list[tuple[str, bool]]]:
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not an event signature: {signature}")
    inputs = [part.split() for part in match[2].split(",")]
    return match[1], [(words[0], "indexed" in words) for words in inputs]
