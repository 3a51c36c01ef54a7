"""Chains that keep the time of the wall: one script, one moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event

from contracts.devnet.chain import MinedBlock
from contracts.devnet.clock_play import play_by_clock
from contracts.devnet.paths import PriceMove
from contracts.devnet.play import PlayedBlock

_START_8 = {"ETH": 2_500}
_PATH = (PriceMove(1, "ETH", 2_000), PriceMove(3, "ETH", 1_500))


@dataclass
class _SlowDriver:
    """Takes so many seconds for the block after its first."""

    pause: float = 0.0
    blocks: list[tuple[int, int]] = field(default_factory=list)

    def step(self, wanted_8: Mapping[str, int], timestamp: int, base_fee: int | None = None) -> MinedBlock:
        if len(self.blocks) == 1:
            time.sleep(self.pause)
        self.blocks.append((timestamp, wanted_8["ETH"]))
        return MinedBlock(len(self.blocks), timestamp, ())

    def head_time(self) -> int:
        return self.blocks[-1][0]


def _play(driver: _SlowDriver, begin: int, seconds: int, most: int = 100) -> list[PlayedBlock]:
    blocks: list[PlayedBlock] = []
    stop = Event()

    def each(block: PlayedBlock) -> None:
        blocks.append(block)
        if len(blocks) == most:
            stop.set()

    play_by_clock(driver, _START_8, _PATH, begin=begin, seconds=seconds, on_block=each, stop=stop)
    return blocks


def test_a_block_a_second_has_the_wall_s_time_and_the_price_of_that_time() -> None:
    driver, begin = _SlowDriver(), int(time.time()) + 1
    blocks = _play(driver, begin, 4)
    assert 0 <= time.time() - (begin + 3) < 1
    assert driver.blocks == [(begin, 2_500), (begin + 1, 2_000), (begin + 2, 2_000), (begin + 3, 1_500)]
    assert [block.step for block in blocks] == [0, 1, 2, 3]


def test_a_chain_that_falls_behind_leaves_seconds_out_and_not_the_price() -> None:
    driver, begin = _SlowDriver(pause=2.2), int(time.time()) + 1
    blocks = _play(driver, begin, 5)
    assert [block.step for block in blocks] == [0, 1, 3, 4]
    assert driver.blocks[2] == (begin + 3, 1_500)


def test_it_ends_when_it_is_told_to() -> None:
    assert len(_play(_SlowDriver(), int(time.time()), 60, most=1)) == 1
