"""Whether a loop is at work."""

from dataclasses import dataclass

from keeper.service.heartbeat import Heartbeat

LIMIT_S = 60.0


@dataclass
class _Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_source_that_stands_still_is_not_the_loops_death() -> None:
    """Nothing to finish, but it keeps asking."""
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    for _ in range(5):
        clock.now += LIMIT_S / 2
        heartbeat.pulse()
    assert heartbeat.alive()


def test_a_beat_after_a_silence_brings_it_back() -> None:
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    clock.now += 10 * LIMIT_S
    assert not heartbeat.alive()
    heartbeat.beat()
    assert heartbeat.alive()
