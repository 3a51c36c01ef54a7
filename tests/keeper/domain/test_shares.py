"""A total divided by weights comes back together to the last unit."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.shares import shares


@given(total=st.integers(0, 10**30), weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_nothing_is_lost_and_none_is_off_by_a_whole_unit(total: int, weights: list[int]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


def test_without_weights_all_count_alike() -> None:
    assert shares(10, [0, 0, 0]) == (3, 3, 4)
    assert shares(7, [0]) == (7,)
