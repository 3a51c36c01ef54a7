"""`keeper backfill` and what it leaves to `positions` and `replay`: a lake that is filled once and gone on from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.devnet import Devnet, play
from contracts.devnet.mining import everyone_unlocked
from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork
_EVENTS = "SELECT count(*) AS events, count(DISTINCT (block_hash, position)) AS distinct_events FROM venue_events"


def _recorded(config: Path, sql: str) -> dict[str, int]:
    with LakeReader(LakePlace.at(config.parent / "lake").keeper, 31_337) as lake:
        return lake.rows(sql)[0]


def _mine(devnet: Devnet, blocks: int) -> None:
    play(devnet.url, devnet.deployment, (), block_seconds=2, wall_interval=0.01, tail_seconds=2 * blocks)


def _mine_past_finality(devnet: Devnet) -> None:
    """The set-up takes few blocks: none of them would be final yet."""
    _mine(devnet, 20)


def test_a_second_run_goes_on_where_the_first_one_ended(keeper: Cli, config: Path, devnet: Devnet) -> None:
    _mine_past_finality(devnet)
    first = keeper("backfill", "--config", config)
    assert first.exit_code == 0, first.stderr
    assert "accounts" in first.stderr
    before = _recorded(config, _EVENTS)
    assert before["events"] == before["distinct_events"] > 100
    reached = _recorded(config, "SELECT max(block_number) AS block FROM cursors")["block"]
    _mine(devnet, 10)
    second = keeper("backfill", "--config", config)
    assert second.exit_code == 0, second.stderr
    after = _recorded(config, _EVENTS)
    assert after["events"] == after["distinct_events"] >= before["events"]
    assert _recorded(config, "SELECT max(block_number) AS block FROM cursors")["block"] == reached + 10


def test_positions_from_the_lake_are_those_from_the_chain_alone(keeper: Cli, config: Path, devnet: Devnet) -> None:
    _mine_past_finality(devnet)
    alone = json.loads(keeper("positions", "--config", config, "--json").stdout)
    keeper("backfill", "--config", config)
    assert json.loads(keeper("positions", "--config", config, "--json").stdout) == alone
    assert _recorded(config, _EVENTS)["events"] > 100


def test_replay_of_a_backfill_has_nothing_to_compare(keeper: Cli, config: Path, devnet: Devnet) -> None:
    _mine_past_finality(devnet)
    keeper("backfill", "--config", config)
    answer = keeper("replay", "--config", config, "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == {"blocks": 0, "candidates": 0, "recorded": 0, "differences": []}


def test_a_venue_that_cannot_go_on_is_named_and_what_it_had_before_is_in_the_lake(keeper: Cli, config: Path, devnet: Devnet) -> None:
    vault = devnet.deployment.core.vault
    sound = devnet.rpc.call("eth_getCode", vault, "latest")
    # PUSH32 topic, PUSH1 0, PUSH1 0, LOG1: an event no version of the protocol has.
    devnet.rpc.call("anvil_setCode", vault, "0x7f" + "ab" * 32 + "60006000a100")
    with everyone_unlocked(devnet.rpc):
        devnet.rpc.call("eth_sendTransaction", {"from": devnet.deployment.owner, "to": vault, "gas": hex(100_000)})
        devnet.rpc.call("evm_mine")
    devnet.rpc.call("anvil_setCode", vault, sound)
    _mine_past_finality(devnet)
    answer = keeper("backfill", "--config", config)
    assert answer.exit_code == 1
    assert "venue stopped" in answer.stdout + answer.stderr
    assert vault.lower() in answer.stdout + answer.stderr
    assert _recorded(config, _EVENTS)["events"] > 100
