"""What the bench prints is computed as it says."""

from tests.bench.rounds import Compared, alternate, scaled


def _compared(values: tuple[float, ...], baseline: tuple[float, ...]) -> Compared:
    return Compared("q", "ours", "theirs", "ms", values, baseline)


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # One round in which everything took ten times as long changes nothing.
    compared = _compared((1.0, 10.0, 2.0), (4.0, 40.0, 8.0))
    assert (compared.ratio, compared.value, compared.baseline_value, compared.rounds) == (4.0, 2.0, 8.0, 3)


def test_a_contender_that_takes_nothing_has_no_finite_ratio() -> None:
    assert _compared((0.0,), (3.0,)).ratio == float("inf")


def test_everybody_is_first_in_turn_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    seconds = alternate({name: lambda name=name: order.append(name) for name in "abc"}, 3)  # type: ignore[misc]
    assert "".join(order) == "abc" + "bca" + "cab" + "abc"
    assert [len(values) for values in seconds.values()] == [3, 3, 3]


def test_units() -> None:
    assert scaled((0.5, 2.0), 1000) == (500.0, 2000.0)
