"""Multicall3's `aggregate3((address target, bool allowFailure, bytes callData)[])`, encoded and decoded by hand.

The general ABI codec takes several times as long, and this runs on every block. Source: mds1/multicall, Multicall3.sol."""

from collections.abc import Sequence

from keeper.domain.chain import Call, CallResult

_SELECTOR = bytes.fromhex("82ad56cb")
_WORD = 32


def encode_aggregate(calls: Sequence[Call]) -> bytes:
    """Calldata that runs every call and lets each fail on its own."""
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = len(calls) * _WORD
    for call in calls:
        data = call.data + bytes(-len(call.data) % _WORD)
        tail = bytes.fromhex(call.to[2:]).rjust(_WORD, b"\0") + _ALLOW_FAILURE + _DATA_OFFSET + _word(len(call.data)) + data
        heads.append(_word(offset))
        tails.append(tail)
        offset += len(tail)
    return b"".join([_SELECTOR, _word(_WORD), _word(len(calls)), *heads, *tails])


def decode_aggregate(answer: bytes, expected: int) -> list[CallResult]:
    """The `(bool success, bytes returnData)[]`. Raises ValueError when it is not an answer to `expected` calls."""
    start = _number(answer, 0) + _WORD
    if _number(answer, start - _WORD) != expected:
        raise ValueError(f"aggregate3 answered {_number(answer, start - _WORD)} of {expected} calls")
    results: list[CallResult] = []
    for place in range(expected):
        item = start + _number(answer, start + place * _WORD)
        data = item + _number(answer, item + _WORD)
        length = _number(answer, data)
        if data + _WORD + length > len(answer):
            raise ValueError("aggregate3's answer is cut short")
        results.append(CallResult(_number(answer, item) != 0, answer[data + _WORD : data + _WORD + length]))
    return results


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")


def _number(data: bytes, at: int) -> int:
    if at + _WORD > len(data):
        raise ValueError("aggregate3's answer is cut short")
    return int.from_bytes(data[at : at + _WORD], "big")


_ALLOW_FAILURE = _word(1)
_DATA_OFFSET = _word(3 * _WORD)
