"""The real daemon on real contracts while the chain reorganises and while it is killed: nothing lost, nothing twice, nothing sent twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import pytest

from contracts.devnet import account_views
from tests.chaos.harness import Harness, caught_up, harness

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]

_FIRST_FOLLOWED = "SELECT min(block_number) FROM blocks WHERE NOT recovered"
_TABLES = {
    *("blocks", "venue_events", "market_state", "liquidations", "evaluations", "decisions", "simulations", "outcomes"),
    *("pool_ranges", "pool_states", "insurance_funds", "account_flows"),
}


def test_reorgs_of_depth_1_to_5_leave_book_lake_and_contracts_agreeing(tmp_path: Path) -> None:
    random = Random(11)
    with harness(tmp_path) as stage, stage.keeper() as keeper:
        caught_up(keeper, stage)
        step = 0
        for depth in (1, 3, 2, 5, 4):
            step = stage.play(first_step=step, blocks=random.randint(4, 6))
            # Blocks the keeper has not seen cannot be taken away from it.
            caught_up(keeper, stage)
            stage.devnet.rpc.call("anvil_reorg", depth, [])
        stage.play(first_step=step)
        caught_up(keeper, stage)
        reorgs = keeper.metrics()["keeper_reorgs_total"]
        keeper.stop()
        assert reorgs == 5
        _assert_lake_is_the_chain(stage)
        _assert_no_orphans(stage)
        _assert_margins_match(stage)


@pytest.mark.parametrize("seed", [1, 2])
def test_kill_at_random_moments_loses_nothing_and_sends_nothing_twice(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    with harness(tmp_path) as stage:
        first = stage.head() + 1
        player = threading.Thread(target=stage.play, args=("shock",), kwargs={"interval": 0.4})
        player.start()
        while player.is_alive():
            with stage.keeper() as keeper:
                player.join(random.uniform(1.0, 7.0))
                keeper.kill()
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            keeper.stop()
        _assert_lake_is_the_chain(stage)
        _assert_margins_match(stage)
        _assert_nothing_sent_twice(stage)
        _assert_sent_is_the_chain(stage, first)


def _assert_sent_is_the_chain(stage: Harness, first: int) -> None:
    """Every transaction of ours on the chain since block `first` has its attempt and its outcome, in the block that took it."""
    operator = stage.devnet.deployment.keeper.lower()
    blocks = [stage.devnet.rpc.call("eth_getBlockByNumber", hex(number), True) for number in range(first, stage.head() + 1)]
    mined = sorted((each["hash"], block["hash"]) for block in blocks for each in block["transactions"] if each["from"].lower() == operator)
    assert {name for name, _ in mined} <= {row["transaction_hash"] for row in stage.rows("FROM attempts")}
    rows = stage.rows("FROM outcomes WHERE outcome <> 'dropped' OR gas_cost_wei > 0")
    assert sorted({(row["transaction_hash"], row["block_hash"]) for row in rows}) == mined


def _assert_lake_is_the_chain(stage: Harness) -> None:
    """Every event of the canonical chain is in the lake once, and nothing else."""
    recorded = stage.lake_events()
    last = stage.rows("SELECT max(block_number) AS last FROM cursors")[0]["last"]
    assert recorded == [event for event in stage.chain_events() if event[0] <= last]
    rows = stage.rows("SELECT block_number, block_hash, log_index FROM liquidations ORDER BY 1, 3")
    expected = [event for event in stage.chain_events("PositionLiquidated", "CollateralLiquidated") if event[0] <= last]
    assert [(row["block_number"], row["block_hash"], row["log_index"]) for row in rows] == expected
    rows = stage.rows("SELECT block_number, block_hash, log_index FROM account_flows ORDER BY 1, 3")
    expected = [event for event in stage.chain_events("Deposited", "Withdrawn", "BadDebtSettled") if event[0] <= last]
    assert [(row["block_number"], row["block_hash"], row["log_index"]) for row in rows] == expected
    blocks = stage.rows("SELECT min(block_number) AS first, count(*) AS n FROM blocks WHERE block_number >= (" + _FIRST_FOLLOWED + ")")[0]
    assert blocks["n"] == last - blocks["first"] + 1, "a block without its row"
    assert last >= stage.head() - 1
    assert stage.rows("SELECT count(*) AS n FROM account_snapshots WHERE NOT matches")[0]["n"] == 0


def _assert_no_orphans(stage: Harness) -> None:
    """Attempts stand whatever became of the block that suggested them: the transaction may be mined all the same."""
    for table in _TABLES:
        for row in stage.rows(f"SELECT DISTINCT block_number, block_hash FROM {table} ORDER BY 1"):
            block = stage.devnet.rpc.call("eth_getBlockByNumber", hex(row["block_number"]), False)
            assert block["hash"] == row["block_hash"], f"{table} holds a row of an orphaned block {row['block_number']}"


def _assert_nothing_sent_twice(stage: Harness) -> None:
    assert stage.rows("SELECT candidate_id FROM attempts GROUP BY candidate_id HAVING count(DISTINCT nonce) > 1") == []
    assert (
        stage.rows("SELECT nonce FROM outcomes WHERE outcome = 'included' GROUP BY nonce HAVING count(DISTINCT transaction_hash) > 1") == []
    )
    stage.quiet(2)
    operator = stage.devnet.deployment.keeper
    used = int(stage.devnet.rpc.call("eth_getTransactionCount", operator, "latest"), 16)
    pending = int(stage.devnet.rpc.call("eth_getTransactionCount", operator, "pending"), 16)
    assert used == pending, "a transaction of the keeper is stuck in the pool"


def _assert_margins_match(stage: Harness) -> None:
    """`keeper positions` rebuilt from the lake says of every account what the contracts say."""
    command = [sys.executable, "-m", "keeper", "positions", "--config", str(stage.loaded.path), "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    local = {row["account"]: (int(row["equity_raw"]), int(row["requirement_raw"])) for row in answer["accounts"]}
    views = account_views(stage.devnet.rpc, stage.devnet.deployment, list(local), hex(answer["block"]))
    assert local == {account: (view.account_value_18, view.requirement_18) for account, view in views.items()}
    assert len(local) > 10
