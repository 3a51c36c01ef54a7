"""The block producer of a scenario: a price path played at a pace of wall time, with actions between two blocks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from contracts.devnet import PATHS
from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.play import Driver
from contracts.devnet.rpc import RpcError, RpcUnavailable

_BPS = 10_000
_RETRY_SECONDS = 0.2


@dataclass(slots=True)
class Pace:
    """How blocks come. May be changed while the player runs."""

    block_seconds: int
    """Chain time of a block."""
    wall_interval: float
    """Wall time of a block, s."""
    base_fee: int = BASE_FEE
    """wei"""
    wall_clock: bool = False
    """Whether chain time is that of the wall, whatever `block_seconds` says; it only orders a path's moves then."""


def slide(start_8: Mapping[str, int], steps: int, bps: int, every_s: int) -> Sequence[tuple[int, Mapping[str, int]]]:
    """(chain seconds, prices by market): `steps` equal relative steps of all markets, `every_s` apart."""
    prices, moves = dict(start_8), []
    for step in range(steps):
        prices = {name: price * (_BPS + bps) // _BPS for name, price in prices.items()}
        moves.append(((step + 1) * every_s, dict(prices)))
    return moves


def of_path(name: str, start_8: Mapping[str, int], seed: int) -> Sequence[tuple[int, Mapping[str, int]]]:
    """A path of the devnet in the same form."""
    prices, moves = dict(start_8), []
    for move in PATHS[name](start_8, seed):
        prices = {**prices, move.market: move.price_8}
        moves.append((move.seconds, dict(prices)))
    return moves


@dataclass
class Player:
    """A thread that mines with a driver of its own. `start_8` are the prices before the path (8 decimals); without a path, or after its
    end, blocks come in which no price moves."""

    driver: Callable[[], AbstractContextManager[Driver]]
    start_8: Mapping[str, int]
    pace: Pace
    times: dict[int, float] = field(default_factory=dict)
    """Monotonic time of every block mined, by number."""
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._wanted: Mapping[str, int] = dict(self.start_8)
        self._moves: list[tuple[int, Mapping[str, int]]] = []
        self._elapsed = 0
        self._actions: list[Callable[[Driver], None]] = []
        self._jump = 0
        self._mined = threading.Condition()
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._run, name="block producer", daemon=True)
        self.head = 0

    def start(self) -> None:
        """Blocks come from now on."""
        self._thread.start()

    def stop(self) -> None:
        """No more of them."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(90)

    def pause(self) -> None:
        """No block from now on; returns when none is under way."""
        self._idle.clear()
        self._paused.set()
        self._idle.wait(60)

    def follow(self, moves: Sequence[tuple[int, Mapping[str, int]]]) -> None:
        """Play these moves from the next block on."""
        with self._mined:
            self._elapsed, self._moves = 0, list(moves)

    def jump(self, seconds: int) -> None:
        """The next block comes so much later in chain time."""
        self._jump = seconds

    def between_blocks(self, action: Callable[[Driver], None]) -> None:
        """Done after the next block, before the one behind it; returns when it is done."""
        done = threading.Event()

        def act(driver: Driver) -> None:
            try:
                action(driver)
            finally:
                done.set()

        self._actions.append(act)
        if not done.wait(60):
            raise TimeoutError("the block producer stands still")

    def wait_blocks(self, blocks: int, timeout_s: float = 120.0) -> None:
        """Until so many more were mined."""
        with self._mined:
            goal = len(self.times) + blocks
            if not self._mined.wait_for(lambda: len(self.times) >= goal or not self._thread.is_alive(), timeout_s):
                raise TimeoutError("blocks do not come")
        if not self._thread.is_alive():
            raise RuntimeError("the block producer has died")

    def wait_path(self, timeout_s: float = 300.0) -> None:
        """Until the last move of the path is in a block."""
        with self._mined:
            if not self._mined.wait_for(lambda: not self._moves or not self._thread.is_alive(), timeout_s):
                raise TimeoutError("the path does not end")

    def blocks_between(self, start: float, end: float) -> list[int]:
        """Numbers of the blocks mined between two moments (monotonic)."""
        return [number for number, at in self.times.items() if start <= at <= end]

    def _run(self) -> None:
        with self.driver() as driver:
            due = time.monotonic()
            while not self._stop.is_set():
                if self._paused.is_set():
                    self._idle.set()
                    self._stop.wait(0.02)
                    due = time.monotonic()
                    continue
                try:
                    self._block(driver)
                except (RpcUnavailable, RpcError, OSError) as error:
                    self.failures.append(str(error))
                    self._stop.wait(_RETRY_SECONDS)
                while self._actions:
                    self._actions.pop(0)(driver)
                due = max(due + self.pace.wall_interval, time.monotonic())
                self._stop.wait(due - time.monotonic())

    def _block(self, driver: Driver) -> None:
        jump, self._jump = self._jump, 0
        with self._mined:
            self._elapsed += self.pace.block_seconds
            while self._moves and self._moves[0][0] <= self._elapsed:
                self._wanted = self._moves.pop(0)[1]
        mined = driver.step(self._wanted, self._time(driver.head_time()) + jump, self.pace.base_fee)
        self.failures += mined.failures
        with self._mined:
            self.head = mined.number
            self.times[mined.number] = time.monotonic()
            self._mined.notify_all()

    def _time(self, head_time: int) -> int:
        """Of the next block."""
        return max(head_time + 1, int(time.time())) if self.pace.wall_clock else head_time + self.pace.block_seconds
