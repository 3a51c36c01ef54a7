"""A number never travels without what it means."""

import math

from analytics.models.figure import VERSION, Definition, Scope

DEPTH = Definition("M13", "depth", "USD", "sum", "from mid")


def test_a_figure_carries_definition_scope_and_count() -> None:
    figure = DEPTH.figure(3.0, Scope("10 Oct", "sampled", 0.4), 7, note="half the venues")
    assert (figure.value, figure.unit, figure.n, figure.window, figure.quality, figure.coverage) == (
        3.0,
        "USD",
        7,
        "10 Oct",
        "sampled",
        0.4,
    )
    assert figure.caveat == "from mid; half the venues"
    assert figure.definition == "sum"
    assert figure.version == VERSION


def test_what_is_not_finite_is_not_known() -> None:
    scope = Scope("w", "exact")
    assert [DEPTH.figure(value, scope, 1).value for value in (math.nan, math.inf, None)] == [None, None, None]
