"""What a run against rivals came to: who took how much, how late, and why the keeper lost what it lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

from contracts.demo.run import Run
from contracts.demo.spread import Spread, spread


@dataclass(frozen=True, slots=True)
class RivalFigures:
    """`share` is of all liquidations in the run but those of collateral, the keeper's among them; `notional_usd` at the mark price;
    `blocks_late` as the keeper's."""

    liquidations: int
    share: float
    notional_usd: float
    blocks_late: Spread


@dataclass(frozen=True, slots=True)
class Loss:
    """An account that a rival liquidated in a block. `reason` is the last stage that stopped the keeper until then, by its own records
    (`analytics missed`); `skip` what it last left the account for, if it did."""

    account: str
    block: int
    rival: str
    reason: str
    skip: str | None


@dataclass(frozen=True, slots=True)
class Rivalry:
    """`rivals` by name, `reasons` counts the losses. Who takes an account in parts has more liquidations: that is why notional stands
    beside their number."""

    keeper_share: float
    keeper_notional_usd: float
    rivals: Mapping[str, RivalFigures]
    reasons: Mapping[str, int]
    losses: Sequence[Loss]


def rivalry(run: Run, names: Mapping[str, str], missed: Sequence[Mapping[str, Any]]) -> Rivalry:
    """`names` of the rivals by their executors' (lower-case) addresses; `missed` are the rows of `analytics missed`."""
    rows = {name: run.liquidations_by(executor) for executor, name in names.items()}
    ours = run.liquidations()
    total = len(ours) + sum(map(len, rows.values()))
    losses = [_loss(row, names[row["liquidator"]]) for row in missed if row["liquidator"] in names]
    return Rivalry(
        keeper_share=_share(len(ours), total),
        keeper_notional_usd=_notional_usd(ours),
        rivals={
            name: RivalFigures(len(each), _share(len(each), total), _notional_usd(each), spread(run.lateness_of(each)))
            for name, each in rows.items()
        },
        reasons=dict(Counter(loss.reason for loss in losses).most_common()),
        losses=losses,
    )


def _share(part: int, total: int) -> float:
    return round(part / total, 4) if total else 0.0


def _notional_usd(liquidations: Sequence[Mapping[str, Any]]) -> float:
    return round(fsum(row["notional_usd"] for row in liquidations), 2)


def _loss(row: Mapping[str, Any], rival: str) -> Loss:
    return Loss(row["account"], row["liquidated_block"], rival, row["reason"], row["last_skip"])
