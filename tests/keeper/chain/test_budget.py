"""The token bucket of one endpoint, on a clock of its own: rates hold, what matters most goes first, refusals teach."""

from collections.abc import Sequence
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.budget import Budget
from keeper.domain.chain import Purpose
from tests.keeper.chain.fakes import FakeClock

WAITING = (Purpose.HEAD, Purpose.READ, Purpose.FORK, Purpose.LOGS)


def _budget(per_second: float = 0.0) -> tuple[FakeClock, Budget]:
    clock = FakeClock()
    return clock, Budget(clock, per_second)


def _send(clock: FakeClock, budget: Budget, purpose: Purpose) -> None:
    """As soon as it may be sent."""
    clock.time += budget.pause_s(purpose)
    budget.spend()


@given(
    per_second=st.floats(0.5, 50),
    requests=st.lists(st.tuples(st.sampled_from(WAITING), st.floats(0, 0.5)), min_size=2, max_size=100),
)
def test_no_stretch_of_time_has_more_requests_than_the_rate_allows(per_second: float, requests: Sequence[tuple[Purpose, float]]) -> None:
    """A second's worth at once, and the rate from then on; whatever they are for and however they come."""
    clock, budget = _budget(per_second)
    times = []
    for purpose, idle_s in requests:
        clock.time += idle_s
        _send(clock, budget, purpose)
        times.append(clock.time)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= max(per_second, 1) + per_second * (times[last] - start) + 1e-6


def test_without_a_limit_nothing_waits() -> None:
    clock, budget = _budget()
    for _ in range(1_000):
        assert budget.pause_s(Purpose.LOGS) == 0
        budget.spend()
    assert budget.rate == inf
    assert clock.time == 0


def test_what_matters_less_leaves_a_reserve_to_what_matters_more() -> None:
    """History waits first, then reads, heads last; transactions never."""
    _, budget = _budget(8)
    waiting: list[tuple[Purpose, ...]] = []
    for _ in range(10):
        waiting.append(tuple(purpose for purpose in (*WAITING, Purpose.SEND) if budget.pause_s(purpose) > 0))
        budget.spend()
    history = (Purpose.FORK, Purpose.LOGS)
    assert waiting == [(), (), (), (), history, history, WAITING[1:], WAITING[1:], WAITING, WAITING]


def test_what_did_not_wait_is_paid_for_by_what_does() -> None:
    """But by no more than a second's worth: a storm of transactions does not make the keeper blind."""
    clock, budget = _budget(10)
    for _ in range(100):
        assert budget.pause_s(Purpose.SEND) == 0
        budget.spend()
    assert budget.pause_s(Purpose.HEAD) == pytest.approx(1.1)
    clock.time += 1.1
    assert budget.pause_s(Purpose.HEAD) == pytest.approx(0)


def test_a_refusal_teaches_what_was_too_much() -> None:
    """Three quarters of what was answered in the last second. Those that were on their way already teach nothing new."""
    clock, budget = _budget()
    for _ in range(40):
        clock.time += 0.05
        budget.record_answer()
    for _ in range(5):
        budget.record_refusal()
    assert budget.rate == pytest.approx(0.75 * 20, rel=0.06)
    assert budget.pause_s(Purpose.HEAD) > 0


def test_a_learned_rate_doubles_in_half_a_minute_and_is_forgotten_where_nothing_limits_it() -> None:
    clock, budget = _budget()
    for _ in range(8):
        budget.record_answer()
    budget.record_refusal()
    clock.time += 30
    assert budget.rate == pytest.approx(12)
    clock.time += 3_600
    assert budget.rate == inf
    assert budget.pause_s(Purpose.LOGS) == 0


def test_a_learned_rate_never_grows_beyond_the_operators() -> None:
    """Nor does it fall below two requests in a second, where the operator allows that."""
    clock, budget = _budget(5)
    budget.record_answer()
    budget.record_refusal()
    assert budget.rate == 2
    clock.time += 3_600
    assert budget.rate == 5
    _, slow = _budget(0.5)
    slow.record_answer()
    slow.record_refusal()
    assert slow.rate == 0.5


def test_an_endpoint_that_refuses_everything_says_nothing_of_a_rate() -> None:
    """It is left alone for as long as it asks, and then asked as often as before."""
    clock, budget = _budget()
    budget.record_answer()
    clock.time += 3
    budget.record_refusal()
    assert budget.rate == inf
