"""An endpoint's score: less for being slow, failing, or behind."""

import pytest

from keeper.chain.score import Score


def _answered(answers: int, latency_s: float = 0.1, usual_s: float = 0.1) -> Score:
    score = Score()
    for _ in range(answers):
        score.record_answer()
        score.record_latency(latency_s, usual_s)
    return score


def test_an_endpoint_that_does_as_usual_scores_one() -> None:
    assert Score().value(0) == 1
    assert _answered(10).value(0) == pytest.approx(1)


def test_twice_the_usual_time_one_block_behind_or_every_second_request_failing_is_half_as_good() -> None:
    slow, failing = _answered(100, latency_s=0.21, usual_s=0.1), Score()
    for _ in range(100):
        failing.record_failure()
        failing.record_answer()
    assert slow.value(0) == pytest.approx(0.5)
    assert _answered(10).value(1) == pytest.approx(0.5)
    assert failing.value(0) == pytest.approx(0.5, abs=0.06)
    assert slow.latency_s == pytest.approx(0.21)


def test_an_endpoint_that_never_answers_scores_nothing_and_is_forgiven_by_its_answers() -> None:
    score = Score()
    for _ in range(50):
        score.record_failure()
    assert score.value(0) == pytest.approx(0, abs=1e-4)
    for _ in range(5):
        score.record_answer()
    assert score.value(0) > 0.66


def test_milliseconds_make_no_difference() -> None:
    """A machine under load takes as long to look at an answer."""
    assert _answered(100, latency_s=0.003, usual_s=0.001).value(0) > 0.8
