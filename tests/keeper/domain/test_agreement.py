"""Two that differ decide nothing, of three the majority counts."""

import pytest

from keeper.domain.agreement import Agreement, agreement


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("", None),
        ("x", Agreement("x")),
        ("xx", Agreement("x")),
        ("xy", None),
        ("xxy", Agreement("x", ("2",))),
        ("yxx", Agreement("x", ("0",))),
        ("xyz", None),
        ("xxyy", None),
        ("xyxzx", Agreement("x", ("1", "3"))),
    ],
)
def test_more_than_half_decide(answers: str, expected: Agreement[str] | None) -> None:
    """Each letter is what one endpoint says; endpoints are named by their place."""
    assert agreement([(str(place), answer) for place, answer in enumerate(answers)]) == expected
