"""Liquidated accounts, one each however many liquidations they had, as the waterfall takes them (M24)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from analytics.answers.insurance_fund import InsuranceFund
from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.waterfall import Closed, Purses


@dataclass(frozen=True, slots=True)
class VictimAccount:
    """Amounts are integers of USD with 18 decimals. `margin`: equity before the first of its `n` liquidations; `equity`: the last known one
    at or after the last, without what the insurance fund paid (`settled`); `closed`: no position left, None where no map tells; `moved`:
    it deposited or withdrew in between."""

    chain_id: int
    venue: str
    account: str
    n: int
    first_time: datetime
    penalty: int
    reward: int
    settled: int
    margin: int | None
    equity: int | None
    closed: bool | None
    moved: bool

    @property
    def left_out(self) -> str | None:
        """Why it has no waterfall; None when it has one."""
        if self.closed is None:
            return "no map of positions since"
        if not self.closed:
            return "still open"
        if self.margin is None:
            return "no margin test before"
        return "no equity known since" if self.equity is None else None

    def closing(self) -> tuple[Closed, Purses]:
        """Margin, loss and fee, all >= 0, with E_close = margin - loss - fee; its purse is what the fund paid. ValueError if left out.

        A gain while closing counts as margin, equity below zero before the first liquidation as loss."""
        if self.margin is None or self.equity is None or not self.closed:
            raise ValueError(f"{self.account} has no waterfall: {self.left_out}")
        margin = max(0, self.margin)
        loss = margin - self.penalty - self.equity
        name = f"{self.chain_id} {self.venue} {self.account}"
        return Closed(name, margin + max(0, -loss), max(0, loss), self.penalty), Purses(0, self.settled, 0, 0)


def victim_accounts(
    lake: duckdb.DuckDBPyConnection, window: Window, funds: Iterable[InsuranceFund]
) -> tuple[tuple[VictimAccount, ...], int]:
    """Those liquidated in the window, first to last, and how many were left away because their liquidations have no raw amounts."""
    units = {(fund.chain_id, fund.venue): fund.unit for fund in funds}
    parameters = {"since": window.lake_since, "until": window.lake_until}
    rows = lake.execute(mart("victim_accounts"), parameters).to_arrow_table().to_pylist()
    exact = tuple(_account(row, units.get((row["chain_id"], row["venue"]))) for row in rows if row["has_raw"])
    return exact, len(rows) - len(exact)


def _account(row: Mapping[str, Any], unit: int | None) -> VictimAccount:
    in_liquidations = _sum(row["bad_debts"])
    alone, later = (_sum(json.loads(payload)["amount"] for payload in row[name]) for name in ("settled_alone", "settled_later"))
    # An amount in a settlement token of unknown decimals: what the account's own equity was is then not known either.
    known = row["equity_raw"] is not None and (unit is not None or alone == 0)
    return VictimAccount(
        chain_id=row["chain_id"],
        venue=row["venue"],
        account=row["account"],
        n=row["n"],
        first_time=row["first_time"],
        penalty=_sum(row["penalties"]),
        reward=_sum(row["rewards"]),
        settled=in_liquidations + alone * (unit or 0),
        margin=None if row["margin_raw"] is None else int(row["margin_raw"]),
        equity=int(row["equity_raw"]) - in_liquidations - (alone - later) * (unit or 0) if known else None,
        closed=row["closed"],
        moved=row["moves"] > 0,
    )


def _sum(amounts: Iterable[str | int]) -> int:
    return sum(int(amount) for amount in amounts)
