"""All scenarios, one module for each kind of trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.scenario import Row, Scenario, play
from tests.chaos.scenarios import chain, endpoints, gates, killed, lasting, lying, operator, signers, starting, storage, synthetix

KINDS: Mapping[str, Sequence[Scenario]] = {
    "endpoints that are sick": endpoints.SCENARIOS,
    "start-up without them": starting.SCENARIOS,
    "lies": lying.SCENARIOS,
    "kills": killed.SCENARIOS,
    "an unkind chain": chain.SCENARIOS,
    "damaged files": storage.SCENARIOS,
    "the operator's side": operator.SCENARIOS,
    "a signer elsewhere": signers.SCENARIOS,
    "gates and the kill switch": gates.SCENARIOS,
    "time, crowds, the thief": lasting.SCENARIOS,
    "another venue: Synthetix V3": synthetix.SCENARIOS,
}
ALL: Sequence[Scenario] = tuple(scenario for kind in KINDS.values() for scenario in kind)


def named(name: str) -> Scenario:
    """Raises KeyError."""
    return {scenario.name: scenario for scenario in ALL}[name]


def play_named(name: str, directory: str) -> Row:
    """For a process of its own: scenarios hold functions, which do not travel, so their names do."""
    return play(named(name), Path(directory))
