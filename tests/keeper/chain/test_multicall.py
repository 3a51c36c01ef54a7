"""The hand-made codec of aggregate3 is the ABI's."""

import pytest
from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.multicall import decode_aggregate, encode_aggregate
from keeper.domain.chain import Address, Call, CallResult

CALLS = st.lists(st.builds(Call, st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex())), st.binary(max_size=100)))
RESULTS = st.lists(st.builds(CallResult, st.booleans(), st.binary(max_size=100)), max_size=8)


@given(CALLS)
def test_calldata_is_what_the_abi_codec_makes(calls: list[Call]) -> None:
    """Selector, and every call allowed to fail."""
    data = encode_aggregate(calls)
    assert data[:4] == keccak(b"aggregate3((address,bool,bytes)[])")[:4]
    assert data[4:] == encode(["(address,bool,bytes)[]"], [[(call.to, True, call.data) for call in calls]])
    assert decode(["(address,bool,bytes)[]"], data[4:])[0] == tuple((call.to, True, call.data) for call in calls)


@given(RESULTS)
def test_answers_are_read_as_the_abi_codec_writes_them(results: list[CallResult]) -> None:
    """In order."""
    answer = encode(["(bool,bytes)[]"], [[(result.success, result.data) for result in results]])
    assert decode_aggregate(answer, len(results)) == results


@given(RESULTS.filter(bool), st.data())
def test_a_cut_answer_is_never_read(results: list[CallResult], data: st.DataObject) -> None:
    """Missing bytes are an error, except padding."""
    answer = encode(["(bool,bytes)[]"], [[(result.success, result.data or b"\x01") for result in results]])
    cut = answer[: data.draw(st.integers(0, len(answer) - 33))]
    with pytest.raises(ValueError, match=r"cut short|answered"):
        decode_aggregate(cut, len(results))


def test_another_number_of_answers_is_an_error() -> None:
    """One call, two answers."""
    with pytest.raises(ValueError, match="2 of 1"):
        decode_aggregate(encode(["(bool,bytes)[]"], [[(True, b""), (True, b"")]]), 1)
