"""Rivals as processes on the real contracts: each of them earns what anybody may earn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from contracts.demo.rivals import running_rivals
from contracts.devnet import PATHS, Devnet, play
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rivals import Rival, place_rivals

pytestmark = pytest.mark.fork
_LIQUIDATED = "0x" + keccak(text="PositionLiquidated(address,address,uint256,uint256,uint256,address)").hex()
_BLOCK_SECONDS, _FALL_SECONDS = 6, 216


def _fall(devnet: Devnet, rivals: Sequence[Rival], directory: Path) -> Mapping[str, int]:
    """Liquidations by (lower-case) executor in a fall of 17 %."""
    first = int(devnet.rpc.call("eth_blockNumber"), 16) + 1
    path = [move for move in PATHS["staircase"](devnet.deployment.start_prices_8(), 7) if move.seconds <= _FALL_SECONDS]
    with running_rivals(devnet, rivals, directory) as programs:
        play(devnet.url, devnet.deployment, path, block_seconds=_BLOCK_SECONDS, wall_interval=0.25, tail_seconds=2 * _BLOCK_SECONDS)
        for program in programs:
            program.must_run()
    span = {"address": devnet.deployment.core.clearing_house, "topics": [_LIQUIDATED], "fromBlock": hex(first), "toBlock": "latest"}
    return Counter("0x" + log["data"][-40:] for log in devnet.rpc.call("eth_getLogs", span))


def _account_value_6(devnet: Devnet, rival: Rival) -> int:
    call = {"to": devnet.deployment.core.vault, "data": calldata("getAccountValue(address)", rival.executor)}
    (value_6,) = returned(("int256",), devnet.rpc.call("eth_call", call, "latest"))
    return int(value_6)


@pytest.mark.parametrize("name", ["reacting", "sniping"])
def test_one_that_nobody_disturbs_liquidates_and_earns(devnet: Devnet, name: str, tmp_path: Path) -> None:
    (rival,) = place_rivals(devnet, (name,))
    before_6 = _account_value_6(devnet, rival)
    liquidations = _fall(devnet, (rival,), tmp_path)
    assert liquidations[rival.executor.lower()] >= 3
    assert _account_value_6(devnet, rival) > before_6


def test_a_front_runner_takes_what_another_has_computed(devnet: Devnet, tmp_path: Path) -> None:
    rivals = place_rivals(devnet, ("reacting", "front_running"))
    liquidations = _fall(devnet, rivals, tmp_path)
    reacting, front_running = (liquidations[rival.executor.lower()] for rival in rivals)
    assert front_running >= 3
    assert front_running > reacting
