"""Two keys on one executor: both liquidate, one loses its right in the middle, the other goes on, and nobody is liquidated twice."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from eth_account import Account

from contracts.demo.programs import Keeper
from contracts.devnet.calldata import calldata
from contracts.devnet.config import write_keystore
from tests.chaos.harness import Harness, caught_up, harness

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]
_SECOND = Account.from_key(b"\x11" * 32)


def test_two_keys_share_the_work_and_one_goes_on_alone(tmp_path: Path) -> None:
    with harness(tmp_path) as stage:
        _add_key(stage)
        _allow(stage, allowed=True)
        stage.devnet.rpc.call("anvil_setBalance", _SECOND.address, hex(100 * 10**18))
        with stage.keeper() as keeper:
            caught_up(keeper, stage)
            step = stage.play("staircase", blocks=25, interval=0.3)
            _allow(stage, allowed=False)
            _until(keeper, stage, f"operator {_SECOND.address.lower()} may not act; run `keeper executor allow`")
            revoked_at = stage.head()
            stage.play("staircase", first_step=step, blocks=40, interval=0.3)
            caught_up(keeper, stage)
            keeper.stop()
        senders = stage.rows("SELECT sender, count(*) AS attempts FROM attempts GROUP BY sender")
        assert {row["sender"] for row in senders} == {stage.devnet.deployment.keeper.lower(), _SECOND.address.lower()}
        later = stage.rows("SELECT DISTINCT sender FROM attempts WHERE block_number > ?", revoked_at)
        assert [row["sender"] for row in later] == [stage.devnet.deployment.keeper.lower()]
        included = stage.rows("SELECT venue, account, block_number, count(*) AS n FROM outcomes WHERE outcome = 'included' GROUP BY ALL")
        assert included
        assert {row["n"] for row in included} == {1}


def _add_key(stage: Harness) -> None:
    """To the settings, beside the first."""
    config = stage.loaded.path
    key_file = config.with_suffix(".second.key.json")
    write_keystore(key_file, "0x" + bytes(_SECOND.key).hex())
    lines = config.read_text().splitlines()
    (place,) = [number for number, line in enumerate(lines) if line.startswith("key_file = ")]
    first = json.loads(lines[place].removeprefix("key_file = "))
    lines[place] = f"key_file = {json.dumps([first, str(key_file)])}\nmore_operators = {json.dumps([_SECOND.address])}"
    config.write_text("\n".join(lines) + "\n")


def _allow(stage: Harness, *, allowed: bool) -> None:
    deployment = stage.devnet.deployment
    data = calldata("setOperator(address,bool)", _SECOND.address, allowed)
    stage.devnet.rpc.call("eth_sendTransaction", {"from": deployment.executor_owner, "to": deployment.executor, "data": data})
    stage.quiet()


def _until(keeper: Keeper, stage: Harness, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in (readiness := keeper.readiness()):
        keeper.must_run()
        assert time.monotonic() < deadline, f"/readyz says: {readiness}"
        stage.quiet()
        time.sleep(0.2)
