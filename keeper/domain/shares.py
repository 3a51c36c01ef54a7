"""A whole amount, divided without a remainder."""

from collections.abc import Sequence
from itertools import accumulate, pairwise


def shares(total: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`total` in proportion to the weights, to the last unit: the sum of the shares is the total, and none is off by a whole unit. Where
    all weights are 0 they count alike. Weights are >= 0; there is at least one."""
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    bounds = [total * reached // whole for reached in accumulate(weights, initial=0)]
    return tuple(end - start for start, end in pairwise(bounds))
