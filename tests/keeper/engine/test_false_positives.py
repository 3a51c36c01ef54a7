"""What reverts though it had gone through stops the sending once it does so in several blocks running."""

from dataclasses import dataclass, field

from keeper.engine.false_positives import FalsePositives
from tests.keeper.engine.fakes import block_ref
from tests.keeper.engine.results import SECOND_US, result


@dataclass
class World:
    """A clock, and the operator's word."""

    now: float = 100.0
    engaged: bool = False
    breaker: FalsePositives = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = FalsePositives(3, 60 * SECOND_US, lambda: self.now, lambda: self.engaged)

    def take(self, *outcomes: tuple[int, str]) -> bool:
        """(block, outcome) each; whether it has tripped."""
        for number, outcome in outcomes:
            self.breaker.take([result(number, outcome, block_ref(number), at_s=self.now)])
        return self.breaker.problem() is not None


def test_it_trips_at_the_last_of_so_many_blocks() -> None:
    world = World()
    assert not world.take((1, "reverted"), (2, "reverted"))
    assert world.take((5, "reverted"))
    assert "reverted in 3 blocks running; going on after 60 s" in (world.breaker.problem() or "")


def test_what_reverts_in_one_block_has_one_cause() -> None:
    assert not World().take(*[(7, "reverted")] * 9)


def test_a_success_ends_the_series_in_its_own_block_too() -> None:
    world = World()
    assert not world.take((1, "reverted"), (2, "reverted"), (3, "included"), (3, "reverted"), (4, "reverted"), (5, "reverted"))
    assert world.take((6, "reverted"))


def test_lost_races_and_dropped_attempts_count_neither_way() -> None:
    world = World()
    assert not world.take((1, "reverted"), (2, "outbid"), (3, "dropped"), (4, "outbid"), (5, "reverted"))
    assert world.take((6, "reverted"))


def test_it_opens_by_itself_after_the_cool_off_and_begins_anew() -> None:
    world = World()
    world.take((1, "reverted"), (2, "reverted"), (3, "reverted"))
    world.now += 59.9
    assert world.take()
    world.now += 0.1
    assert not world.take()
    assert not world.take((4, "reverted"), (5, "reverted"))


def test_an_operator_who_stops_and_resumes_sending_resets_it() -> None:
    world = World()
    assert world.take((1, "reverted"), (2, "reverted"), (3, "reverted"))
    world.engaged = True
    assert not world.take()
    world.engaged = False
    assert not world.take()


def test_a_block_that_is_gone_does_not_count() -> None:
    world = World()
    world.take((1, "reverted"), (2, "reverted"), (3, "reverted"))
    world.breaker.reverted([block_ref(3)])
    assert not world.take()


def test_it_never_trips_where_it_is_not_wanted() -> None:
    breaker = FalsePositives(0, SECOND_US, lambda: 0.0, lambda: False)
    breaker.take([result(number, "reverted", block_ref(number)) for number in range(9)])
    assert breaker.problem() is None
