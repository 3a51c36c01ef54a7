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
_STEP_SECONDS = 6
# The venue values positions at a mark that lags 7.5 s behind a steady fall (a TWAP of 15 s). Steps of half a percent
# every 6 s keep the lag below the liquidator's reward of 1.25 %, as in most real falls; the shock does not.
_SMALL_BPS = 50
_LAG_SECONDS = 3
"""Between one market's step and the next market's."""
_JITTER_BPS = 10


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
    """Down 16 % in two prints of 8.5 %, 18 s apart, a minute later half of it back in three.

    The mark needs 15 s to follow, in which whoever liquidates and closes at once loses money.
    """
    return _walk(start_8, seed, (Leg(-850, 2, 18), Leg(0, 1, 60), Leg(280, 3, 18)))


def staircase(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 25 % in small steps, a pause in which the last late sellers come, up 35 % of the low."""
    return _walk(start_8, seed, (Leg(-_SMALL_BPS, 58), Leg(0, 1, 40), Leg(_SMALL_BPS, 60)))


def crash(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 37 % in five prints of 8.8 %, 18 s apart: margins are gone before anybody can act, and debts are left."""
    return _walk(start_8, seed, (Leg(-880, 5, 18),))


def gap(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 8.5 % in one print, and nothing after it: when the mark has followed, everybody wants the same blocks."""
    return _walk(start_8, seed, (Leg(-850, 1),))


def squeeze(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Up 35 % in small steps: shorts are forced to buy."""
    return _walk(start_8, seed, (Leg(_SMALL_BPS, 60),))


def whipsaw(start_8: Mapping[str, int], seed: int) -> Sequence[PriceMove]:
    """Down 12 %, up 20 %, down 6 %: both sides are taken out and the price is where it was."""
    return _walk(start_8, seed, (Leg(-_SMALL_BPS, 26), Leg(_SMALL_BPS, 37), Leg(-_SMALL_BPS, 11)))


PATHS: Mapping[str, Path] = MappingProxyType(
    {"shock": shock, "staircase": staircase, "squeeze": squeeze, "whipsaw": whipsaw, "crash": crash, "gap": gap}
)


def prices_8_at(start_8: Mapping[str, int], path: Sequence[PriceMove], seconds: int) -> Mapping[str, int]:
    """Each market's index at a time of the path: the last move of it that is due; before the first, as at the start."""
    return dict(start_8) | {move.market: move.price_8 for move in path if move.seconds <= seconds}


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
