"""Pyth's own reader of updates (npm @pythnetwork/price-service-sdk) beside ours: they read the same."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet.accumulator import Accumulator, PriceMessage
from contracts.devnet.guardian import Guardian
from keeper.oracles.accumulator import AccumulatorUpdate
from keeper.oracles.price_message import PriceMessage as KeeperMessage

_CONTRACTS = Path(__file__).parents[2] / "contracts"
_SCRIPT = Path(__file__).parent / "price_service_sdk.cjs"

_SDK = _CONTRACTS / "node_modules" / "@pythnetwork" / "price-service-sdk"

pytestmark = [
    pytest.mark.skipif(not _SDK.is_dir(), reason="npm ci --prefix contracts"),
    pytest.mark.skipif(shutil.which("node") is None, reason="no node"),
]


def _read_by_pyth(update: bytes) -> dict[str, Any]:
    command = ["node", str(_SCRIPT), str(_CONTRACTS / "package.json")]
    run = subprocess.run(command, input=update.hex(), capture_output=True, text=True, check=True, timeout=60)
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def _in_pyths_words(source: bytes) -> dict[str, Any]:
    update = AccumulatorUpdate.parse(source)
    messages = []
    for leaf in update.leaves:
        message = KeeperMessage.parse(leaf.message)
        messages.append(
            {
                "feedId": message.price_id.removeprefix("0x"),
                "price": str(message.price_raw % 2**64),
                "confidence": str(message.confidence_raw),
                "exponent": message.exponent,
                "publishTime": str(message.publish_time),
                "prevPublishTime": str(message.previous_publish_time),
                "emaPrice": str(message.ema_price_raw % 2**64),
                "emaConf": str(message.ema_confidence_raw),
                "proof": [node.hex() for node in leaf.proof],
            }
        )
    return {"vaa": update.vaa.hex(), "messages": messages}


def _message(feed: int, price_raw: int, exponent: int) -> PriceMessage:
    return PriceMessage(bytes([feed]) * 32, price_raw, 2**64 - 1, exponent, 1_700_000_000, 1_699_999_999, -price_raw, feed)


def test_pyths_reader_and_ours_read_the_same() -> None:
    """Updates of the devnet, with amounts at the ends of their ranges, and a real one."""
    messages = [_message(1, 200_000_000_000, -8), _message(2, -(2**63) + 1, 0), _message(3, 2**63 - 1, 12), _message(4, 0, -77)]
    accumulator = Accumulator(messages, Guardian(), 7)
    real = (Path(__file__).parents[1] / "keeper" / "oracles" / "recorded" / "btc_usd_2024_07_02.hex").read_text()
    choice = [message.price_id for message in messages]
    for update in (accumulator.update(choice), accumulator.update(choice[2:]), bytes.fromhex(real)):
        assert _read_by_pyth(update) == _in_pyths_words(update)
