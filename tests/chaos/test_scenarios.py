"""The short form of `make chaos`: the scenarios that tell most in the least time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.scenario import Scenario, play

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]

_OWN = (
    *(
        "__main__",
        "daemon",
        "faults",
        "forged_prices",
        "ground",
        "history",
        "lake",
        "lies",
        "log",
        "perp_v2",
        "player",
        "proxy",
        "scenario",
        "sent",
    ),
    *("stage", "staging", "synthetix_v3", "verdict"),
)


@pytest.mark.parametrize("scenario", [item for item in scenarios.ALL if item.short], ids=lambda item: item.name)
def test_the_daemon_survives(scenario: Scenario, tmp_path: Path) -> None:
    row = play(scenario, tmp_path / "stage")
    assert row.good, json.dumps(row.as_json(), indent=1, default=str)


def test_names_are_unique() -> None:
    names = [item.name for item in scenarios.ALL]
    assert len(names) == len(set(names)) >= 60


def test_scenarios_know_nothing_of_the_programs() -> None:
    """They speak to the daemon through configuration, processes, its status port and the lake's SQL: they outlive its rebuilding."""
    folder = Path(__file__).parent
    for file in [*(folder / f"{name}.py" for name in _OWN), *folder.glob("scenarios/*.py")]:
        imports = [line for line in file.read_text().splitlines() if line.lstrip().startswith(("import ", "from "))]
        assert not [line for line in imports if line.split()[1].partition(".")[0] in ("keeper", "analytics")], file.name
