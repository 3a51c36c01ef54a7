"""Scripted index prices. A path is a sequence of moves; markets step seconds apart, as real feeds do.

A path knows the start prices and a seed (it jitters the steps a little, so that two seeds give two histories), and
nothing of the chain. Prices are integers with 8 decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

_BPS = 10_000
_FIRST_SECONDS = 8
_STEP_SECONDS = 18
"""More than the 15 s of the short TWAP and of the venue's tick limit: each step finds a settled market."""
_LAG_SECONDS = 8
"""Between one market's step and the next market's."""
_JITTER_BPS = 15


@dataclass(frozen=True, slots=True)
class PriceMove:
    """`seconds` after the start of the path, the index of `market` becomes `price_8`."""

    seconds: int
    market: str
    price_8: int


@dataclass(frozen=True, slots=True)
class Leg:
    """`steps` equal relative steps of `step_bps` each, `pause` seconds between them."""

    step_bps: int
    steps: int
    pause: int = _STEP_SECONDS


Path = Callable[[Mapping[str, int], int], Sequence[PriceMove]]


def shock(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 16 % in two prints, half of it back within two minutes."""
    return _walk(start_8, seed, (Leg(-850, 2), Leg(0, 1, 60), Leg(280, 3)))


def staircase(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 25 % in ten steps, a pause in which late sellers come, up 35 % of the low in eleven."""
    return _walk(start_8, seed, (Leg(-285, 10), Leg(0, 1, 40), Leg(277, 11)))


def squeeze(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Up 35 % in eleven steps: shorts are forced to buy."""
    return _walk(start_8, seed, (Leg(277, 11),))


def whipsaw(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 12 %, up 20 %, down 12 %: both sides are taken out and the price is about where it was."""
    return _walk(start_8, seed, (Leg(-315, 4), Leg(264, 7), Leg(-170, 3)))


PATHS: Mapping[str, Path] = MappingProxyType({"shock": shock, "staircase": staircase, "squeeze": squeeze, "whipsaw": whipsaw})


def _walk(start_8: Mapping[str, int], seed: int, legs: Sequence[Leg]) -> Sequence[PriceMove]:
    moves = [move for rank, market in enumerate(start_8) for move in _one(rank, market, start_8[market], seed, legs)]
    return tuple(sorted(moves, key=lambda move: (move.seconds, move.market)))


def _one(rank: int, market: str, price_8: int, seed: int, legs: Sequence[Leg]) -> Sequence[PriceMove]:
    """The jitter of a step is undone by the next one, so that the path ends where it says."""
    random = Random(f"{seed}/{market}")
    seconds = _FIRST_SECONDS + rank * _LAG_SECONDS
    moves: list[PriceMove] = []
    for leg in legs:
        for _ in range(leg.steps):
            price_8 = price_8 * (_BPS + leg.step_bps) // _BPS
            if leg.step_bps:
                jitter_bps = random.randint(-_JITTER_BPS, _JITTER_BPS)
                moves.append(PriceMove(seconds, market, price_8 * (_BPS + jitter_bps) // _BPS))
            seconds += leg.pause
    return tuple(moves)
