"""A comparison that could not be made is no agreement."""

from contracts.demo.parity import Parity, parity


def test_what_the_contract_does_not_tell_is_counted_apart() -> None:
    assert parity([True, None, False, True, None]) == Parity(comparisons=3, mismatches=1, unknown=2)


def test_it_is_shown_where_there_is_any() -> None:
    assert str(Parity(1_200, 0, 0)) == "1,200 comparisons, 0 mismatches"
    assert str(Parity(1_200, 0, 3)) == "1,200 comparisons, 0 mismatches, 3 unknown"
