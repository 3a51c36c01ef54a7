"""The size of requests to one endpoint: found quickly, tried beyond ever more rarely."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.batch_size import BatchSize


def _requests(size: BatchSize, limit: int, requests: int) -> list[int]:
    """The size of each of so many full requests to an endpoint that takes at most `limit` calls."""
    sizes = []
    for _ in range(requests):
        calls = size.calls
        sizes.append(calls)
        if calls > limit:
            size.record_refusal(calls)
        else:
            size.record_success(calls)
    return sizes


@pytest.mark.parametrize("limit", [1, 7, 10, 99])
def test_a_limit_that_stands_is_found_and_tried_ever_more_rarely(limit: int) -> None:
    """By halves downwards, by eighths upwards."""
    size = BatchSize(100)
    sizes = _requests(size, limit, 5_000)
    refused = [place for place, calls in enumerate(sizes) if calls > limit]
    assert len([place for place in refused if place < 100]) <= 9
    assert len([place for place in refused if place >= 1_000]) <= 5
    assert max(sizes[1_000:]) > limit * 0.7


def test_a_limit_that_is_lifted_is_outgrown() -> None:
    size = BatchSize(100)
    _requests(size, 10, 100)
    assert size.calls <= 10
    _requests(size, 100, 20_000)
    assert size.calls == 100


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 200)), max_size=200))
def test_the_size_stays_within_its_bounds(moves: Sequence[tuple[bool, int]]) -> None:
    size = BatchSize(64)
    for refused, calls in moves:
        if refused:
            size.record_refusal(calls)
        else:
            size.record_success(calls)
        assert 1 <= size.calls <= 64


def test_requests_that_are_not_full_prove_nothing() -> None:
    size = BatchSize(100)
    size.record_refusal(100)
    for _ in range(1_000):
        size.record_success(49)
    assert size.calls == 50
