"""Events survive the lake exactly."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.event_json import dump, load


@dataclass(frozen=True, slots=True)
class Moved:
    """An event with every kind of field."""

    trader: str
    amount: int
    is_long: bool
    ticks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Another event."""

    amount: int


@given(st.text(), st.integers(), st.booleans(), st.lists(st.integers()))
def test_what_is_dumped_is_loaded(trader: str, amount: int, is_long: bool, ticks: list[int]) -> None:
    """Integers of any size, any text."""
    event = Moved(trader, amount, is_long, tuple(ticks))
    assert load((Other, Moved), "Moved", dump(event)) == event


def test_numbers_are_plain_json_digits() -> None:
    """Other readers see the whole number."""
    assert dump(Other(-(2**255))) == '{"amount":-57896044618658097711785492504343953926634992332820282019728792003956564819968}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Unknown", "{}"),
        ("Other", "{}"),
        ("Other", '{"amount":1,"more":2}'),
        ("Other", "[1]"),
        ("Other", "not json"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, text: str) -> None:
    """A changed class or a damaged row is an error, not a guess."""
    with pytest.raises(ValueError, match=r".+"):
        load((Moved, Other), name, text)
