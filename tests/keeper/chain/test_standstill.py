"""A late head is looked for elsewhere before it is called a standstill."""

from keeper.chain.standstill import Standstill
from keeper.domain.chain import BlockRef, Hash32, Timestamp
from tests.keeper.chain.fakes import FakeClock


def _head(number: int) -> BlockRef:
    return BlockRef(number, Hash32(f"0x{number:064x}"), Hash32(f"0x{number - 1:064x}"), Timestamp(1_700_000_000 + number), 0)


def _after(blocks: int, between_s: float, block_seconds: float = 6.0) -> tuple[Standstill, FakeClock]:
    """A head that has risen so often, once per `between_s`."""
    clock = FakeClock()
    standstill = Standstill(clock, block_seconds)
    for number in range(1, blocks + 1):
        clock.time += between_s
        standstill.observe(_head(number))
    return standstill, clock


def test_the_others_are_looked_at_after_two_usual_times_between_blocks_and_then_as_often() -> None:
    standstill, clock = _after(50, 0.5)
    clock.time += 0.95
    assert not standstill.due()
    clock.time += 0.1
    assert standstill.due()
    assert not standstill.due()
    clock.time += 1.05
    assert standstill.due()


def test_it_is_a_standstill_after_three_and_at_least_two_seconds() -> None:
    quick, clock = _after(50, 0.5)
    clock.time += 1.9
    assert quick.is_rising()
    clock.time += 0.2
    assert not quick.is_rising()
    slow, clock = _after(50, 2.0)
    clock.time += 5.9
    assert slow.is_rising()
    clock.time += 0.2
    assert not slow.is_rising()
    assert "block 50" in slow.problem()


def test_before_anything_was_seen_the_block_time_of_the_settings_is_the_usual_one() -> None:
    standstill, clock = _after(1, 0.5, block_seconds=2.0)
    clock.time += 3.9
    assert not standstill.due()
    clock.time += 0.2
    assert standstill.due()
