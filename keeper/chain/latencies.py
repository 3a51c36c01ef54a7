"""How long answers usually take, by what was asked for."""

from collections.abc import Sequence
from typing import TypeAlias

from keeper.chain.rpc import RpcCall

_WEIGHT = 0.2
_Shape: TypeAlias = tuple[frozenset[str], int]
"""The methods of a request, and the order of magnitude of its number of calls: requests of one shape take about the same time."""


class Latencies:
    """A moving average per shape of request."""

    def __init__(self) -> None:
        self._usual_s: dict[_Shape, float] = {}

    def usual_s(self, calls: Sequence[RpcCall]) -> float | None:
        """The usual time of an answer to such calls; None where there was none yet."""
        return self._usual_s.get(_shape(calls))

    def record(self, calls: Sequence[RpcCall], seconds: float) -> float:
        """How long an answer took; returns what is usual from now on."""
        shape = _shape(calls)
        usual = self._usual_s.get(shape, seconds)
        self._usual_s[shape] = usual + _WEIGHT * (seconds - usual)
        return self._usual_s[shape]


def _shape(calls: Sequence[RpcCall]) -> _Shape:
    return frozenset(call.method for call in calls), len(calls).bit_length()
