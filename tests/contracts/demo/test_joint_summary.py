"""summary.json of several venues: totals at the top level, each venue's figures under its name; and the same as tables."""

import io
import json
from pathlib import Path

from rich.console import Console

from contracts.demo.figures import figures_of
from contracts.demo.joint_summary import JointSummary, VenueSummary
from contracts.demo.parity import Parity
from contracts.demo.run import Run
from contracts.demo.tables import joint_tables
from tests.contracts.demo.runs import liquidation, run


def _venue(one: Run, shock_at: float) -> VenueSummary:
    return VenueSummary(figures_of(one), shock_at, 2, ["9"], Parity(30, 1, 2))


def _summary() -> JointSummary:
    first, second = run(liquidation("a", 5)), run(liquidation("7", 5), liquidation("8", 5, "BTC"))
    venues = {"perp_v2": _venue(first, 1_000.25), "synthetix_v3": _venue(second, 1_001.0)}
    return JointSummary(figures_of(first, second), venues, seed=7, wall_seconds=90.0)


def test_totals_stand_above_the_venues_figures(tmp_path: Path) -> None:
    _summary().write(tmp_path / "summary.json")
    fields = json.loads((tmp_path / "summary.json").read_text())
    assert fields["liquidations_executed"] == 3
    assert {name: venue["liquidations_executed"] for name, venue in fields["venues"].items()} == {"perp_v2": 1, "synthetix_v3": 2}
    assert fields["shock_apart_seconds"] == 0.75
    assert fields["venues"]["synthetix_v3"]["flags_unfinished"] == ["9"]
    assert fields["venues"]["synthetix_v3"]["referee_parity"] == {"comparisons": 30, "mismatches": 1, "unknown": 2}
    assert (fields["seed"], fields["wall_seconds"]) == (7, 90.0)


def test_tables_show_the_venues_beside_each_other() -> None:
    screen = Console(file=io.StringIO(), width=200)
    screen.print(*joint_tables(_summary()))
    assert isinstance(screen.file, io.StringIO)
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in screen.file.getvalue().splitlines() if "│" in line]
    rows = {cells[0]: cells[1:] for cells in lines}
    assert rows["BTC"] == ["", "1 long, 0 short, 100 USD", "1 long, 0 short, 100 USD"]
    assert rows["liquidations executed"] == ["1 (and 0 of collateral)", "2 (and 0 of collateral)", "3 (and 0 of collateral)"]
    assert rows["accounts flagged / unfinished"] == ["2 / 1", "2 / 1", ""]
    assert rows["shock's first blocks apart"] == ["", "", "0.750 s"]
