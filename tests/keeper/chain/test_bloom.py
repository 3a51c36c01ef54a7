"""The bloom never denies a log that is there."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.bloom import BloomProbe, bloom_mask
from keeper.domain.chain import Address, LogFilter


def test_the_bits_of_a_known_hash() -> None:
    """The hash of nothing is c5d2 4601 86f7...: the low 11 bits of each pair of bytes."""
    assert bloom_mask(b"") == 1 << 0x5D2 | 1 << 0x601 | 1 << 0x6F7


@given(
    present=st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=20),
    topics=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20),
)
def test_what_is_there_is_never_denied(present: list[bytes], topics: list[bytes]) -> None:
    """For addresses alone and for addresses with topics."""
    bloom = 0
    for value in (*present, *topics):
        bloom |= bloom_mask(value)
    for value in present:
        address = Address("0x" + value.hex())
        assert BloomProbe([LogFilter((address,))]).may_hold(bloom)
        assert BloomProbe([LogFilter((address,), (bytes(32), topics[-1]))]).may_hold(bloom)


def test_most_of_what_is_not_there_is_denied() -> None:
    """The address must be there, and a topic where topics are wanted."""
    address, other = Address("0x" + "11" * 20), Address("0x" + "22" * 20)
    bloom = bloom_mask(bytes.fromhex("11" * 20)) | bloom_mask(b"\x07" * 32)
    assert not BloomProbe([LogFilter((other,))]).may_hold(bloom)
    assert not BloomProbe([LogFilter((address,), (b"\x08" * 32,))]).may_hold(bloom)
    assert BloomProbe([LogFilter((other,)), LogFilter((address,), (b"\x07" * 32,))]).may_hold(bloom)
    assert not BloomProbe([]).may_hold((1 << 2048) - 1)
