"""Liquidated accounts, one each however many liquidations they had, as the waterfall takes them (M24)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from analytics.answers.window import Window
from analytics.marts import mart
from analytics.models.waterfall import Closed, Purses


@dataclass(frozen=True, slots=True)
class VictimAccount:
    """Amounts are integers of USD with the decimals of its `VictimAccounts`. `margin`: equity before the first of its `n` liquidations;
    `equity`: the last known one at or after the last, without what the insurance fund paid (`settled`); `closed`: no position left, None
    where no map tells; `moved`: it deposited or withdrew in between."""

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


@dataclass(frozen=True, slots=True)
class VictimAccounts:
    """First to last. `decimals` are those of every amount, as many as the finest of them has; `without_raw` is how many accounts were left
    away because their liquidations have no raw amounts."""

    accounts: tuple[VictimAccount, ...]
    decimals: int
    without_raw: int


def victim_accounts(lake: duckdb.DuckDBPyConnection, window: Window) -> VictimAccounts:
    """Those liquidated in the window."""
    parameters = {"since": window.lake_since, "until": window.lake_until}
    rows = lake.execute(mart("victim_accounts"), parameters).to_arrow_table().to_pylist()
    exact = [row for row in rows if row["has_raw"]]
    decimals = max((amount["decimals"] or 0 for row in exact for amount in _amounts(row)), default=0)
    return VictimAccounts(tuple(_account(row, decimals) for row in exact), decimals, len(rows) - len(exact))


def _amounts(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("penalties", "rewards", "bad_debts", "settled_alone"):
        yield from row[name]
    yield from (row[name] for name in ("margin", "equity") if row[name] is not None)


def _account(row: Mapping[str, Any], decimals: int) -> VictimAccount:
    def total(name: str) -> int:
        return _total(row[name], decimals)

    # An amount in a token of unknown decimals: what the account's own equity was is then not known either.
    known = row["equity"] is not None and all(amount["decimals"] is not None for amount in row["settled_alone"])
    in_liquidations, alone, later = total("bad_debts"), total("settled_alone"), total("settled_later")
    return VictimAccount(
        chain_id=row["chain_id"],
        venue=row["venue"],
        account=row["account"],
        n=row["n"],
        first_time=row["first_time"],
        penalty=total("penalties"),
        reward=total("rewards"),
        settled=in_liquidations + alone,
        margin=None if row["margin"] is None else _total([row["margin"]], decimals),
        equity=_total([row["equity"]], decimals) - in_liquidations - (alone - later) if known else None,
        closed=row["closed"],
        moved=row["moves"] > 0,
    )


def _total(amounts: Sequence[Mapping[str, Any]], decimals: int) -> int:
    """Of those whose decimals are known."""
    known = (amount for amount in amounts if amount["decimals"] is not None)
    return sum(int(amount["raw"]) * 10 ** (decimals - amount["decimals"]) for amount in known)
