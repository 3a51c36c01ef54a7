"""`make demo` as a user runs it, with a smaller crowd: what must hold on any machine. Speed is the demo's own business."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import analytics
from analytics.answers.checks import failing_checks

pytestmark = [pytest.mark.fork, pytest.mark.slow]


@pytest.mark.timeout(600)
def test_the_demo_ends_with_figures_that_agree_with_the_chain(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "contracts.demo", "--traders", "40", "--seed", "11", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["traders"] == 40
    assert summary["liquidations_executed"] >= 20
    assert summary["missed"] == 0, summary["missed_accounts"]
    assert summary["parity"]["comparisons"] >= 1_000
    assert summary["parity"]["mismatches"] == 0
    assert summary["keeper_profit_usd"] == pytest.approx(summary["keeper_assets_change_usd"], abs=1e-4)
    assert summary["simulate_pass"]["settled"] > 0
    with analytics.open(str(tmp_path / "lake")) as lake:
        assert failing_checks(lake) == {}
        assert {row["own_pool"] for row in analytics.gain(lake, "ETH").to_pylist()} == {True}
        assert {row["venue"] for row in analytics.depth(lake).to_pylist()} == {"perp_v2"}
    report = (tmp_path / "report.html").read_text()
    assert "What was liquidated" in report
    # Names of XML vocabularies are addresses too; what a browser would fetch stands in these.
    assert not re.search(r"(src|href)=.https?:|url\(.?https?:|<script|@import", report)
