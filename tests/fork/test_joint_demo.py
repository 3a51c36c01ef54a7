"""`make demo VENUES=perp_v2,synthetix_v3` with a small crowd and a short shock, both its prints in it: what must hold on any machine."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import analytics
from analytics.answers.checks import failing_checks
from contracts.demo.joint_stage import APART_SECONDS, JointScript, perform_jointly
from contracts.demo.screen import Screen

pytestmark = [pytest.mark.fork, pytest.mark.slow]


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("synthetix_v3_compiled")
def test_one_keeper_goes_through_one_shock_on_two_venues(tmp_path: Path) -> None:
    screen = Screen(Console(file=io.StringIO(), highlight=False))
    script = JointScript(("perp_v2", "synthetix_v3"), traders=30, seed=11, directory=tmp_path, shock_seconds=range(45, 120))
    performance = perform_jointly(script, screen)
    performance.summary.write(tmp_path / "summary.json")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["missed"] == 0, summary["missed_accounts"]
    assert summary["parity"]["mismatches"] == 0
    assert summary["shock_apart_seconds"] <= APART_SECONDS
    assert list(summary["venues"]) == ["perp_v2", "synthetix_v3"]
    for name, venue in summary["venues"].items():
        assert venue["liquidations_executed"] >= 1, name
        assert venue["referee_parity"]["comparisons"] >= 30, name
        assert venue["referee_parity"]["mismatches"] == 0, name
        assert venue["flags_unfinished"] == [], name
        assert venue["keeper_profit_usd"] == pytest.approx(venue["keeper_assets_change_usd"], abs=1e-4), name
    assert summary["liquidations_executed"] == sum(venue["liquidations_executed"] for venue in summary["venues"].values())
    with analytics.open(str(tmp_path / "lake")) as lake:
        assert failing_checks(lake) == {}
        assert set(analytics.keepers(lake)["venue"].to_pylist()) == {"perp_v2", "synthetix_v3"}
    assert "perp_v2" in (report := (tmp_path / "report.html").read_text())
    assert "synthetix_v3" in report
