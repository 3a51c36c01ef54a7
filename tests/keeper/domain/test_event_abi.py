"""Decoders compiled from signatures, against eth_abi."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.event_abi import log_decoder, topic_of
from keeper.errors import DecodeError

_SIGNATURE = "Said(address indexed by,string text,int64 number,bytes raw,bool loud,bytes32[] marks)"
_TYPES = ("string", "int64", "bytes", "bool", "bytes32[]")


def _log(data: bytes, *topics: bytes) -> RawLog:
    return RawLog(Address("0x" + "0a" * 20), topics, data, 1, Hash32("0x" + "0" * 64), Hash32("0x" + "0" * 64), 0)


def _decoded(data: bytes) -> tuple[Any, ...]:
    decode = log_decoder(_SIGNATURE, lambda *arguments: arguments)
    return decode(_log(data, topic_of(_SIGNATURE), bytes(12) + b"\xaa" * 20))


@given(
    text=st.text(max_size=100),
    number=st.integers(-(2**63), 2**63 - 1),
    raw=st.binary(max_size=100),
    loud=st.booleans(),
    marks=st.lists(st.binary(min_size=32, max_size=32), max_size=5),
)
def test_whatever_is_encoded_is_read(text: str, number: int, raw: bytes, loud: bool, marks: list[bytes]) -> None:
    """And nothing longer or shorter."""
    data = encode(_TYPES, [text, number, raw, loud, marks])
    words = tuple(int.from_bytes(mark, "big") for mark in marks)
    assert _decoded(data) == ("0x" + "aa" * 20, text, number, "0x" + raw.hex(), loud, words)
    for broken in (data + b"\0", data[:-1], data[:32]):
        with pytest.raises(DecodeError, match="Said with 2 topics"):
            _decoded(broken)


def test_topics_are_counted() -> None:
    data = encode(_TYPES, ["", 0, b"", False, []])
    with pytest.raises(DecodeError, match="1 topics"):
        log_decoder(_SIGNATURE, lambda *arguments: arguments)(_log(data, topic_of(_SIGNATURE)))


def test_a_topic_is_the_hash_of_names_and_types() -> None:
    """Tuples are written out."""
    assert topic_of(_SIGNATURE) == keccak(text="Said(address,string,int64,bytes,bool,bytes32[])")
    assert topic_of("Set(uint128 indexed,(uint8,bool),uint256 indexed)") == keccak(text="Set(uint128,(uint8,bool),uint256)")
    with pytest.raises(ValueError, match="not an event signature"):
        topic_of("Said")
