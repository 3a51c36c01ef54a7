"""The real daemon with a lake that is not the chain's, and with a parameter that changed without an event: it mends itself and goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from keeper.lake.connection import connect
from keeper.lake.place import LakePlace
from tests.chaos.harness import Harness, caught_up, harness

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]

_ROTATION_BLOCKS = 11
"""One more than `keeper.tripwire_blocks`: at least one comparison falls among them."""
_LAST = """
    event = 'PositionChanged' AND (block_number, position) = (
        SELECT max((block_number, position)) FROM venue_events WHERE event = 'PositionChanged'
    )
"""
TAMPERING = {
    "deleted": f"DELETE FROM venue_events WHERE {_LAST}",
    "altered": f"""
        UPDATE venue_events SET payload = regexp_replace(payload, '_size":(-?)(.)', '_size":\\1\\2\\2')
        WHERE {_LAST}
    """,
    "invented": f"""
        INSERT INTO venue_events BY NAME
        SELECT * REPLACE (position + 1000 AS position, log_index + 1000 AS log_index) FROM venue_events WHERE {_LAST}
    """,
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_a_lake_with_a_wrong_row_is_mended_at_the_next_start(tmp_path: Path, kind: str) -> None:
    """As an earlier version left it after one missing log, on a healthy node."""
    with harness(tmp_path) as stage:
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            stage.play(blocks=6)
            caught_up(keeper, stage)
            keeper.stop()
        assert stage.lake_events() == _recorded_part(stage)
        _tamper(stage, TAMPERING[kind])
        assert stage.lake_events() != _recorded_part(stage) or kind == "altered"
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            stage.play(first_step=6, blocks=4)
            # The comparison that found the difference is no row: the next in rotation must come.
            stage.quiet(_ROTATION_BLOCKS)
            caught_up(keeper, stage)
            keeper.stop()
        assert stage.lake_events() == _recorded_part(stage)
        _assert_mended(stage, "logs")


def test_a_parameter_that_changed_without_an_event_is_read_again(tmp_path: Path) -> None:
    """The maintenance ratio, by writing the contract's storage."""
    with harness(tmp_path) as stage, stage.keeper("--mode", "observe") as keeper:
        caught_up(keeper, stage)
        stage.play(blocks=3)
        caught_up(keeper, stage)
        _set_maintenance_ratio(stage, 70_000)
        stage.quiet(22)
        caught_up(keeper, stage)
        keeper.stop()
        _assert_mended(stage, "parameters")
        last = stage.rows("SELECT payload FROM venue_events WHERE source = 'snapshot' ORDER BY block_number DESC, position DESC LIMIT 1")
        assert 70_000 in json.loads(last[0]["payload"])["config"]


def _assert_mended(stage: Harness, cause: str) -> None:
    """Evidence, and from then on nothing but agreement."""
    repairs = stage.rows("SELECT block_number AS at_block, cause, was, became FROM repairs")
    assert {row["cause"] for row in repairs} == {cause}
    assert all(row["became"] != row["was"] for row in repairs)
    comparisons = stage.rows("SELECT bool_and(matches) AS good, max(block_number) AS last FROM account_snapshots")
    assert comparisons[0]["good"]
    assert comparisons[0]["last"] > max(row["at_block"] for row in repairs)


def _recorded_part(stage: Harness) -> list[tuple[int, str, int]]:
    last = stage.rows("SELECT max(block_number) AS last FROM cursors")[0]["last"]
    return [event for event in stage.chain_events() if event[0] <= last]


def _tamper(stage: Harness, statement: str) -> None:
    connection: Any
    with connect(LakePlace.at(stage.loaded.settings.lake.dir).keeper) as connection:
        assert connection.execute(statement).fetchall()[0][0] == 1, statement


def _set_maintenance_ratio(stage: Harness, ratio: int) -> None:
    """Finds the packed word that holds it and replaces the three bytes."""
    rpc, contract = stage.devnet.rpc, stage.scope.venues["perp_v2"].options.clearing_house_config
    getter = {"to": contract, "data": "0x" + keccak(b"getMmRatio()")[:4].hex()}
    before = int(rpc.call("eth_call", getter, "latest"), 16).to_bytes(3, "big").hex()
    for slot in range(200):
        word = rpc.call("eth_getStorageAt", contract, hex(slot), "latest")[2:].rjust(64, "0")
        for at in range(0, 60, 2):
            if word[at : at + 6] != before:
                continue
            changed = word[:at] + ratio.to_bytes(3, "big").hex() + word[at + 6 :]
            rpc.call("anvil_setStorageAt", contract, hex(slot), "0x" + changed)
            if int(rpc.call("eth_call", getter, "latest"), 16) == ratio:
                return
            rpc.call("anvil_setStorageAt", contract, hex(slot), "0x" + word)
    raise AssertionError("no slot holds the ratio")
