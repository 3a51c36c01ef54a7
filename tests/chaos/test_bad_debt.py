"""Prices that crash through every margin: what the lake says about who paid, against the contracts' own events and views."""

from pathlib import Path

import pytest

import analytics
from analytics.answers.checks import failing_checks
from contracts.devnet import account_views
from tests.chaos.harness import caught_up, harness

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]

_SETTLEMENT_UNIT = 10**12
"""USDC has 6 decimals, raw amounts of the lake have 18."""
_OFTEN = {"PERP_KEEPER__KEEPER__POSITION_SNAPSHOT_BLOCKS": "4"}
_QUIET_BLOCKS = 12
"""Three maps of positions later everybody who has none is known to have none."""


def test_the_waterfall_of_a_crash_is_the_contracts_own(tmp_path: Path) -> None:
    with harness(tmp_path) as stage:
        with stage.keeper(settings=_OFTEN) as keeper:
            caught_up(keeper, stage)
            stage.play("crash", interval=0.4)
            stage.quiet(_QUIET_BLOCKS, interval=0.3)
            caught_up(keeper, stage)
            keeper.stop()
        payments = stage.rows(
            "SELECT account, sum((payload->>'amount')::HUGEINT) AS amount FROM venue_events WHERE event = 'BadDebtSettled' GROUP BY ALL"
        )
        head = hex(stage.rows("SELECT max(block_number) AS last FROM cursors")[0]["last"])
        with analytics.open(str(stage.loaded.settings.lake.dir)) as lake:
            rows = analytics.waterfall(lake).to_pylist()
            assert failing_checks(lake) == {}
        *accounts, total = rows
        counted = {row["account"]: row for row in accounts if row["left_out"] is None}
        assert total["accounts"] == len(counted) >= 3
        assert total["bad_debt_usd"] > 100
        assert all(row["uses_raw"] == row["sources_raw"] for row in (*counted.values(), total))
        by_account = {row["account"]: int(row["amount"]) * _SETTLEMENT_UNIT for row in payments}
        for account, row in counted.items():
            assert round(row["insurance_usd"] * 10**6) * 10**12 == by_account.get(account, 0)
        views = account_views(stage.devnet.rpc, stage.devnet.deployment, sorted(counted), head)
        for account, row in counted.items():
            own = (views[account].account_value_18 - by_account.get(account, 0)) / 10**18
            assert row["last_equity_usd"] == pytest.approx(own, abs=1e-6)
