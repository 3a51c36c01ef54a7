"""All scenarios, one module for each kind of trouble."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.chaos.scenario import Row, Scenario, play
from tests.chaos.scenarios import chain, endpoints, killed, lasting, lying, operator, starting, storage

ALL: Sequence[Scenario] = (
    *endpoints.SCENARIOS,
    *starting.SCENARIOS,
    *lying.SCENARIOS,
    *killed.SCENARIOS,
    *chain.SCENARIOS,
    *storage.SCENARIOS,
    *operator.SCENARIOS,
    *lasting.SCENARIOS,
)


def named(name: str) -> Scenario:
    """Raises KeyError."""
    return {scenario.name: scenario for scenario in ALL}[name]


def play_named(name: str, directory: str) -> Row:
    """For a process of its own: scenarios hold functions, which do not travel, so their names do."""
    return play(named(name), Path(directory))
