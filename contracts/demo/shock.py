"""One price script for all venues, played on every chain by the one clock on the wall."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event

from contracts.demo.ground import Ground
from contracts.devnet.clock_play import play_by_clock
from contracts.devnet.paths import PATHS
from contracts.devnet.play import PlayedBlock

_LEAD_SECONDS = 2
"""Until the first block, so that every thread is there in time."""

OnBlock = Callable[[str, PlayedBlock], None]
"""What is done after a block of the venue of that name, on its own thread."""


def play_calm(grounds: Mapping[str, Ground], seconds: int, on_block: OnBlock, until: Event) -> None:
    """A block a second on every chain at the start prices, until the event or for so many seconds."""
    _play(grounds, None, seconds, on_block, until)


def play_shock(grounds: Mapping[str, Ground], seed: int, seconds: range, on_block: OnBlock) -> None:
    """The shock (devnet.paths.shock), a block a second on every chain: at least the first of the `seconds`, then on until every
    liquidation that has begun is done, at most until the last of them."""
    unfinished, done = dict.fromkeys(grounds, 1), Event()

    def each(name: str, block: PlayedBlock) -> None:
        on_block(name, block)
        if block.step >= seconds.start:
            unfinished[name] = grounds[name].unfinished()
        if not any(unfinished.values()):
            done.set()

    _play(grounds, seed, seconds.stop, each, done)


def _play(grounds: Mapping[str, Ground], seed: int | None, seconds: int, on_block: OnBlock, stop: Event) -> None:
    """One thread per chain. Whatever ends one ends all, and is raised."""
    begin = int(time.time()) + _LEAD_SECONDS

    def play(name: str, ground: Ground) -> None:
        start_8 = ground.start_prices_8()
        path = () if seed is None else PATHS["shock"](start_8, seed)
        play_by_clock(ground.driver, start_8, path, begin=begin, seconds=seconds, on_block=lambda block: on_block(name, block), stop=stop)

    with ThreadPoolExecutor(len(grounds), "chain") as pool:
        plays = [pool.submit(play, name, ground) for name, ground in grounds.items()]
        finished = wait(plays, return_when=FIRST_EXCEPTION)
        if finished.not_done:
            stop.set()
    for each in plays:
        each.result()
