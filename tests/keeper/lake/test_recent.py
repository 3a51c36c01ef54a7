"""A set that forgets its oldest keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keeper.lake.recent import Recent


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_it_holds_the_newest_different_keys(keys: list[int], limit: int) -> None:
    recent: Recent[int] = Recent(limit)
    expected: list[int] = []
    for key in keys:
        recent.add(key)
        expected = expected if key in expected else [*expected, key][-limit:]
    assert list(recent) == expected
    assert len(recent) == len(expected)
    assert all((key in recent) == (key in expected) for key in range(31))


def test_keys_can_be_taken_away() -> None:
    recent: Recent[int] = Recent(10)
    recent.update(range(6))
    recent.remove(lambda key: key % 2 == 0)
    recent.discard(5)
    recent.discard(99)
    assert list(recent) == [1, 3]
