"""Gates and breakers of lanes whose tests are about something else: always open."""

from keeper.engine.breakers import Breakers
from keeper.engine.false_positives import FalsePositives
from keeper.engine.gates import Gates
from keeper.engine.loss_limit import LossLimit


def open_gates() -> Gates:
    """No gate at all."""
    return Gates((), lambda name, problem: None)


def idle_breakers() -> Breakers:
    """None that would ever trip."""
    return Breakers(FalsePositives(0, 0, lambda: 1.0, lambda: False), LossLimit(0, lambda: 1.0), open_gates(), lambda: 1.0)
