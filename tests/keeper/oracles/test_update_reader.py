"""What an update proves: exactly what was signed, and nothing once a byte of it is another."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.devnet.accumulator import Accumulator, PriceMessage
from contracts.devnet.guardian import Guardian
from keeper.domain.quote import QuoteRefusal
from keeper.oracles.accumulator import AccumulatorUpdate
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.update_reader import UpdateReader
from tests.keeper.oracles.updates import BTC, GUARDIAN, READER, as_read, message, slots, update

_MINOR_VERSION = 5
"""The place of the only byte that says nothing: Pyth's contract takes any."""
_VAA_START = 10


def _reason(source: bytes, reader: UpdateReader = READER) -> QuoteRefusal:
    with pytest.raises(BadUpdate) as caught:
        reader.prices(source)
    return caught.value.reason


@given(slots, st.data())
def test_every_price_of_a_slot_is_read_as_it_was_signed(slot: list[PriceMessage], draw: st.DataObject) -> None:
    """In the order of the update, which may hold any of the slot's feeds; each price's own payload proves it alone."""
    choice = draw.draw(st.lists(st.sampled_from(slot), min_size=1, unique=True))
    prices = READER.prices(Accumulator(slot, GUARDIAN, 7).update([content.price_id for content in choice]))
    assert [price.message for price in prices] == [as_read(content) for content in choice]
    for price in prices:
        assert READER.prices(price.payload) == [price]


@given(slots, st.data())
def test_no_byte_may_be_another(slot: list[PriceMessage], draw: st.DataObject) -> None:
    source = update(*slot)
    place = draw.draw(st.integers(0, len(source) - 1).filter(lambda place: place != _MINOR_VERSION))
    change = draw.draw(st.integers(1, 255))
    _reason(source[:place] + bytes([source[place] ^ change]) + source[place + 1 :])


@given(slots, st.data())
def test_no_byte_may_be_missing_or_too_many(slot: list[PriceMessage], draw: st.DataObject) -> None:
    source = update(*slot)
    assert _reason(source[: draw.draw(st.integers(0, len(source) - 1))]) is QuoteRefusal.FORMAT
    assert _reason(source + draw.draw(st.binary(min_size=1, max_size=40))) is QuoteRefusal.FORMAT


@given(st.binary(max_size=400), st.booleans())
def test_garbage_is_refused(garbage: bytes, as_update: bool) -> None:
    """Whatever it is, with BadUpdate and nothing else."""
    _reason(b"PNAU\1\0\0\0" + garbage if as_update else garbage)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("signature", QuoteRefusal.SIGNATURE),
        ("root", QuoteRefusal.SIGNATURE),
        ("message", QuoteRefusal.PROOF),
        ("proof", QuoteRefusal.PROOF),
    ],
)
def test_the_reason_says_which_part_is_wrong(part: str, reason: QuoteRefusal) -> None:
    source = update(message(), message(BTC))
    leaf = AccumulatorUpdate.parse(source).leaves[0]
    places = {
        "signature": _VAA_START + 10,
        "root": source.index(b"AUWV") + 20,
        "message": source.index(leaf.message) + 40,
        "proof": source.index(leaf.proof[0]),
    }
    broken = bytearray(source)
    broken[places[part]] ^= 1
    assert _reason(bytes(broken)) is reason


def test_another_minor_version_and_further_headers_are_read() -> None:
    """As Pyth's contract reads them."""
    source = update(message())
    newer = source[:5] + bytes([9, 3]) + b"new" + source[7:]
    assert [price.message for price in READER.prices(newer)] == [as_read(message())]


def test_another_emitter_is_refused() -> None:
    assert _reason(update(message(), guardian=Guardian(emitter_chain=1))) is QuoteRefusal.SIGNATURE
    assert _reason(update(message(), guardian=Guardian(emitter_address=bytes(32)))) is QuoteRefusal.SIGNATURE


def test_without_guardians_proofs_and_emitter_still_count() -> None:
    reader = UpdateReader()
    source = update(message(), message(BTC), guardian=Guardian(key="0x" + "11" * 32))
    assert _reason(source) is QuoteRefusal.SIGNATURE
    assert [price.message for price in reader.prices(source)] == [as_read(message()), as_read(message(BTC))]
    assert _reason(source[:-1] + bytes([source[-1] ^ 1]), reader) is QuoteRefusal.PROOF
    assert _reason(update(message(), guardian=Guardian(emitter_chain=1)), reader) is QuoteRefusal.SIGNATURE


class _Text:
    """A message of any bytes, where the accumulator expects a price."""

    price_id = b"\1" * 32
    publish_time = 7

    def __init__(self, text: bytes) -> None:
        self._text = text

    def encode(self) -> bytes:
        return self._text


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\1" + bytes(84),
        message().encode()[:-1],
        struct.pack(">B32sqQi", 0, bytes(32), 1, 1, 78) + bytes(32),
        struct.pack(">B32sqQi", 0, bytes(32), 1, 1, -(2**31)) + bytes(32),
    ],
    ids=["nothing", "another kind", "cut", "a large exponent", "a wild exponent"],
)
def test_what_is_signed_and_no_price_is_refused(text: bytes) -> None:
    accumulator = Accumulator([_Text(text)], GUARDIAN, 7)  # type: ignore[list-item] # that is the point
    assert _reason(accumulator.update([_Text.price_id])) is QuoteRefusal.FORMAT


def test_a_longer_message_is_read() -> None:
    """What is new stands behind what is known."""
    accumulator = Accumulator([_Text(message().encode() + b"new")], GUARDIAN, 7)  # type: ignore[list-item]
    assert READER.prices(accumulator.update([_Text.price_id]))[0].message == as_read(message())


def test_a_signed_message_that_is_no_root_is_refused() -> None:
    vaa = GUARDIAN.vaa(b"AUWX" + bytes(33), 1, 1)
    assert _reason(b"PNAU\1\0\0\0" + struct.pack(">H", len(vaa)) + vaa + b"\0") is QuoteRefusal.FORMAT
