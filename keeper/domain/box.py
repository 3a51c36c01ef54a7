"""Watch boxes for accounts whose slack is linear in the feeds: how far may each feed move before the slack can be used up?

The slack is shared out among the feeds; each may move, in its bad direction, as far as its share lasts. Every rounding narrows the
box, so that inside it the slack is provably not negative."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keeper.domain.health import FeedId

Bounds: TypeAlias = tuple[int | None, int | None]
"""Lowest and highest value a feed may take; None is open."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """The slack changes by `numerator / denominator` per unit of the feed, now at `value`. `weight` is its share of the slack, >= 0.

    `denominator` is positive."""

    feed: FeedId
    value: int
    numerator: int
    denominator: int
    weight: int


def linear_bounds(slack: int, exposures: Sequence[Exposure]) -> dict[FeedId, Bounds]:
    """The interval of each feed within which `slack` cannot run out, whatever the others do inside theirs.

    Without slack to give away every feed is pinned to its present value, where the account is known to be healthy."""
    moving = [exposure for exposure in exposures if exposure.numerator]
    total = sum(exposure.weight for exposure in moving)
    bounds: dict[FeedId, Bounds] = {}
    for exposure in moving:
        if slack <= 0 or total == 0:
            bounds[exposure.feed] = (exposure.value, exposure.value)
            continue
        room = slack * exposure.weight // total * exposure.denominator // abs(exposure.numerator)
        bounds[exposure.feed] = (exposure.value - room, None) if exposure.numerator > 0 else (None, exposure.value + room)
    return bounds


def intersection(boxes: Iterable[Mapping[FeedId, Bounds]]) -> dict[FeedId, Bounds]:
    """The box inside all of these."""
    result: dict[FeedId, Bounds] = {}
    for box in boxes:
        for feed, (low, high) in box.items():
            known_low, known_high = result.get(feed, (None, None))
            result[feed] = (_tighter(known_low, low, max), _tighter(known_high, high, min))
    return result


def _tighter(first: int | None, second: int | None, choose: Callable[[int, int], int]) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return choose(first, second)
