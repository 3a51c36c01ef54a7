"""M9: three methods, shown together."""

import pytest

from analytics.models.amplification import Amplification, from_branching, from_cascade, observed
from analytics.models.branching import RATIO
from analytics.models.cascade import propagate
from analytics.models.figure import Scope


def test_gain_and_branching_agree_on_a_linear_world(scope: Scope) -> None:
    gain = from_cascade(propagate(1.0, lambda x: 0.6 * x, limit=100), scope, 10)
    hawkes = from_branching(RATIO.figure(0.6, scope, 500, interval=(0.5, 0.7)))
    seen = observed(100.0, 99.0, 97.5, scope, 500)
    assert [figure.value for figure in (gain, hawkes, seen)] == pytest.approx([2.5, 2.5, 2.5])
    assert hawkes.interval == pytest.approx((2.0, 1 / 0.3))
    assert Amplification(gain, seen, hawkes).spread == pytest.approx(1)


def test_what_cannot_be_said_is_none(scope: Scope) -> None:
    runaway = from_cascade(propagate(1.0, lambda x: 1.1 * x, limit=100), scope, 10)
    assert runaway.value is None
    assert "runaway" in runaway.caveat
    assert from_branching(RATIO.figure(1.0, scope, 10)).value is None
    at_once = observed(100.0, 100.0, 90.0, scope, 3)
    assert at_once.value is None
    assert Amplification(runaway, at_once, from_branching(RATIO.figure(0.5, scope, 9))).spread is None
    assert from_cascade(None, scope, 0).value is None
