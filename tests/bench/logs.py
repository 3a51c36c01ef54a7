"""Real logs of the venue, as a node's JSON gave them: the events a block with trading and liquidations is made of."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keeper.domain.options import build
from keeper.venues.perp_v2.options import Options

_RECORDED = Path(__file__).resolve().parents[1] / "keeper" / "venues" / "perp_v2" / "logs.json"
TRADING = (
    "clearing_house.PositionChanged",
    "clearing_house.FundingPaymentSettled",
    "clearing_house.PositionLiquidated",
    "clearing_house.LiquidityChanged",
    "exchange.FundingUpdated",
    "account_balance.PnlRealized",
    "vault.Deposited",
    "vault.Withdrawn",
)


def recorded(count: int) -> tuple[Options, Sequence[tuple[str, dict[str, Any]]]]:
    """The contracts' addresses and `count` logs with their "contract.Event" names, each with a place of its own in one block."""
    recording = json.loads(_RECORDED.read_text())
    names = [TRADING[index % len(TRADING)] for index in range(count)]
    return build(Options, recording["options"]), [
        (name, {**recording["logs"][name], "logIndex": hex(index)}) for index, name in enumerate(names)
    ]
