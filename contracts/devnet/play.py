"""Playing a price path: the block producer of a devnet, at a pace of wall time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.chain import MinedBlock
from contracts.devnet.deployment import Deployment
from contracts.devnet.market import MarketDriver
from contracts.devnet.paths import PriceMove, prices_8_at

_TAIL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class PlayedBlock:
    """A block of the play. `step` counts from 0; `index_8` are the prices the path wants at this time (8 decimals);
    `failures` are transactions of the play itself that reverted, in words: normally none."""

    step: int
    steps: int
    number: int
    timestamp: int
    index_8: Mapping[str, int]
    failures: tuple[str, ...]


class Driver(Protocol):
    """What mines the blocks of a devnet, with everything in them that its people do."""

    def step(self, wanted_8: Mapping[str, int], timestamp: int, base_fee: int | None = None) -> MinedBlock:
        """One block at `timestamp` in which each named market's index is `wanted_8`."""

    def head_time(self) -> int:
        """Timestamp of the newest block."""


def steps_of(path: Sequence[PriceMove], block_seconds: int, tail_seconds: int = _TAIL_SECONDS) -> int:
    """How many blocks a path takes, with a tail in which nothing moves any more."""
    last = path[-1].seconds if path else 0
    return -(-(last + tail_seconds) // block_seconds)


def play(
    url: str,
    deployment: Deployment,
    path: Sequence[PriceMove],
    *,
    block_seconds: int = 2,
    wall_interval: float = 0.4,
    on_block: Callable[[PlayedBlock], None] | None = None,
    first_step: int = 0,
    tail_seconds: int = _TAIL_SECONDS,
    stop: Event | None = None,
) -> None:
    """Plays a path on Perp V2: see play_path."""
    with MarketDriver(url, deployment) as driver:
        play_path(
            driver,
            deployment.start_prices_8(),
            path,
            block_seconds=block_seconds,
            wall_interval=wall_interval,
            on_block=on_block,
            first_step=first_step,
            tail_seconds=tail_seconds,
            stop=stop,
        )


def play_path(
    driver: Driver,
    start_8: Mapping[str, int],
    path: Sequence[PriceMove],
    *,
    block_seconds: int = 2,
    wall_interval: float = 0.4,
    on_block: Callable[[PlayedBlock], None] | None = None,
    first_step: int = 0,
    tail_seconds: int = _TAIL_SECONDS,
    stop: Event | None = None,
) -> None:
    """Mines a block every `wall_interval` s, each `block_seconds` later in chain time, with the path's transactions in
    the blocks they belong to. Transactions of others in the mempool are mined with them.

    `start_8` are the prices before the path's first move. Blocking. Continue an interrupted play with `first_step` = its
    last step + 1; end one by setting `stop`, looked at between blocks. The chain must be in manual mining
    (AnvilOptions(no_mining=True)). If a block takes longer than the interval, the next one follows at once.
    """
    steps = steps_of(path, block_seconds, tail_seconds)
    stopped = stop or Event()
    due = time.monotonic()
    for step in range(first_step, steps):
        wanted_8 = prices_8_at(start_8, path, (step + 1) * block_seconds)
        mined = driver.step(wanted_8, driver.head_time() + block_seconds, BASE_FEE)
        if on_block is not None:
            on_block(PlayedBlock(step, steps, mined.number, mined.timestamp, wanted_8, mined.failures))
        due = max(due + wall_interval, time.monotonic())
        if stopped.wait(due - time.monotonic()):
            return
