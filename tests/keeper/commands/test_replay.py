"""`keeper replay` where there is nothing to replay: a mend instead of a traceback. Real records: tests/replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from keeper.domain.chain import Timestamp
from keeper.domain.records import DecisionRecord, MicroTime, Record
from keeper.lake.options import LakeOptions
from tests.keeper.commands.conftest import Cli
from tests.keeper.engine.fakes import block_ref
from tests.keeper.lake.one_chain import OneChain
from tests.keeper.venues.perp_v2.books import ADDRESSES


@pytest.fixture
def offline(tmp_path: Path) -> Path:
    """Settings whose endpoint nobody must ask."""
    path = tmp_path / "keeper.toml"
    venue = "\n".join(f'{name} = "{address}"' for name, address in ADDRESSES.items())
    chain = 'id = 1\nrpc_urls = ["http://127.0.0.1:9"]\nstart_block = 1'
    own = f'protocol = "perp_v2"\nchain = "devnet"\n{venue}'
    path.write_text(f'[chains.devnet]\n{chain}\n[lake]\ndir = "{tmp_path / "lake"}"\n[venues.perp_v2]\n{own}\n')
    return path


def test_without_a_lake_it_says_how_to_get_one(keeper: Cli, offline: Path) -> None:
    answer = keeper("replay", "--config", offline)
    assert answer.exit_code == 2
    assert "keeper run" in answer.stderr


def test_a_venue_that_is_not_configured_is_named_with_those_that_are(keeper: Cli, offline: Path) -> None:
    answer = keeper("replay", "--config", offline, "--venue", "gmx")
    assert answer.exit_code == 2
    assert "venue gmx is not configured. Configured: perp_v2." in answer.stderr


def test_decisions_recorded_without_their_reads_cannot_be_replayed_and_the_setting_is_named(keeper: Cli, offline: Path) -> None:
    block = block_ref(1)
    decision = DecisionRecord(
        chain_id=1, venue="perp_v2", account="0xa", block_number=1, block_hash=block.hash, block_time=Timestamp(2), candidate_id="c",
        stage="decide", action="skip", reason="unprofitable", detail=None, market=None, breach=None, size_raw=None, used=None,
        notional_usd=None, expected_reward_usd=None, expected_cost_usd=None, expected_profit_usd=None, decided_at=MicroTime(1),
        size_decimals=None,
    )  # fmt: skip
    rows: list[Record] = [decision]
    with OneChain(LakeOptions.at(offline.parent / "lake"), 1, ("perp_v2",)) as recorder:
        recorder.block(block, rows)
    answer = keeper("replay", "--config", offline)
    assert answer.exit_code == 2
    assert "keeper.record_reads" in answer.stderr
