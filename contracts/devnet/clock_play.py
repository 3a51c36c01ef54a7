"""Playing a price path by the clock on the wall: chains that are played so keep one time, and have one price at one moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.paths import PriceMove, prices_8_at
from contracts.devnet.play import Driver, PlayedBlock


def play_by_clock(
    driver: Driver,
    start_8: Mapping[str, int],
    path: Sequence[PriceMove],
    *,
    begin: int,
    seconds: int,
    on_block: Callable[[PlayedBlock], None],
    stop: Event,
) -> None:
    """A block a second from `begin` on (unix seconds), `seconds` of them, each with the time of the wall as its own and the path's
    prices of that time.

    `begin` must be later than the newest block. Blocking; ended by `stop`, looked at between blocks. A chain that falls behind
    leaves seconds out. The chain must be in manual mining (AnvilOptions(no_mining=True)).
    """
    due = begin
    while due < begin + seconds:
        if stop.wait(due - time.time()):
            return
        due = max(due, int(time.time()))
        wanted_8 = prices_8_at(start_8, path, due - begin)
        mined = driver.step(wanted_8, due, BASE_FEE)
        on_block(PlayedBlock(due - begin, seconds, mined.number, mined.timestamp, wanted_8, mined.failures))
        due += 1
