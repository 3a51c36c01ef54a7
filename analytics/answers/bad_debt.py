"""Who paid for the deficits of liquidated accounts, account by account, in integers (M24)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import venue_labels
from analytics.answers.insurance_fund import InsuranceFund, insurance_funds
from analytics.answers.victim_account import VictimAccount, VictimAccounts, victim_accounts
from analytics.answers.window import Window
from analytics.marts import has_view, lacking
from analytics.models.waterfall import BAD_DEBT, OVERSHOOT, Settlement, settle_apart

_NEEDED = ("liquidations", "evaluations", "account_snapshots", "position_snapshots", "market_state", "account_flows", "insurance_funds")
_NO_KEEPER = "this lake has no keeper's tables: recordings of venues name no accounts and no margin"
_SCHEMA = pa.schema(
    [
        ("chain_id", pa.int64()),
        ("venue", pa.string()),
        ("account", pa.string()),
        ("closed", pa.bool_()),
        ("left_out", pa.string()),
        ("first_time", pa.timestamp("us")),
        ("margin_usd", pa.float64()),
        ("loss_usd", pa.float64()),
        ("fee_usd", pa.float64()),
        ("last_equity_usd", pa.float64()),
        ("liquidation_fees_usd", pa.float64()),
        ("insurance_usd", pa.float64()),
        ("adl_usd", pa.float64()),
        ("socialised_usd", pa.float64()),
        ("unpaid_usd", pa.float64()),
        ("bad_debt_usd", pa.float64()),
        ("adl_overshoot_usd", pa.float64()),
        ("bad_debt_raw", pa.string()),
        ("uses_raw", pa.string()),
        ("sources_raw", pa.string()),
        ("accounts", pa.int64()),
        ("n", pa.int64()),
        ("quality", pa.string()),
        ("window", pa.string()),
    ]
)


def waterfall(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """One row per account with a liquidation (of positions or of collateral) in the window, largest loss with fee first; last `total`.

    margin: equity by the keeper's exact test, or the contract's own figure, whichever is later, before the block of the first liquidation
    (a test in that block already has it). fee: all penalties. insurance: what the insurance fund paid on chain for this account. E_close:
    last known equity of the window at or after the last liquidation, without what the fund paid; collateral counts at the venue's haircut
    until it is sold. loss = margin - fee - E_close: price moves, funding and trading fees; a gain counts as margin. unpaid: what is left
    of the deficit. uses = loss + fee + max(0, E_close) = sources.

    Accounts with positions left, or with a figure missing, are listed last with the reason in `left_out` and are in no sum. `n` counts
    liquidations, `accounts` those a row stands for. The `_raw` columns are exact integers; a note says with how many decimals."""
    asked = window or Window()
    if not all(has_view(lake, f"stg_keeper_{table}") for table in _NEEDED):
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason=lacking(lake, *_NEEDED) or _NO_KEEPER)
    victims = victim_accounts(lake, asked)
    accounts, unit = victims.accounts, _Unit(victims.decimals)
    counted = [victim for victim in accounts if victim.left_out is None]
    closings = [victim.closing() for victim in counted]
    settled = settle_apart(closings)
    losses = [closed.loss for closed, _ in closings]
    rows = [_row(victim, unit) | _sources(of, loss, unit) for victim, of, loss in zip(counted, settled.accounts, losses, strict=True)]
    rows.sort(key=lambda row: -row["loss_usd"] - row["fee_usd"])
    rows += sorted((_row(victim, unit) for victim in accounts if victim.left_out is not None), key=lambda row: -row["fee_usd"])
    if accounts:
        total = _total(counted, len(accounts) - len(counted), unit)
        rows.append(total | (_sources(settled.total, sum(losses), unit) if counted else {}))
    table = pa.Table.from_pylist([row | {"quality": "exact", "window": asked.words} for row in rows], _SCHEMA)
    labels = venue_labels(lake)
    capacities = [_capacity(labels.of(fund.chain_id, fund.venue), fund) for fund in insurance_funds(lake, asked)]
    reason = f"nobody was liquidated in {asked.words}"
    if victims.without_raw:
        count = _accounts(victims.without_raw)
        reason = f"the {count} liquidated in {asked.words} were recorded before raw amounts: floats cannot be settled"
    return annotated(table, reason=reason, notes=_notes(victims, capacities, settled.left.insurance, unit))


@dataclass(frozen=True, slots=True)
class _Unit:
    """What the integers of an answer count: USD with so many decimals."""

    decimals: int

    def usd(self, amount: int) -> float:
        scale: int = 10**self.decimals
        return amount / scale

    def words(self, amount: int) -> str:
        return _words(self.usd(amount))


def _row(victim: VictimAccount, unit: _Unit) -> dict[str, Any]:
    """What is known of any account."""
    return {
        "chain_id": victim.chain_id,
        "venue": victim.venue,
        "account": victim.account,
        "closed": victim.closed,
        "left_out": victim.left_out,
        "first_time": victim.first_time,
        "margin_usd": None if victim.margin is None else unit.usd(victim.margin),
        "fee_usd": unit.usd(victim.penalty),
        "last_equity_usd": None if victim.equity is None else unit.usd(victim.equity),
        "accounts": 1,
        "n": victim.n,
    }


def _total(counted: Sequence[VictimAccount], left: int, unit: _Unit) -> dict[str, Any]:
    """Of the accounts that are not left out; without any there are no sums."""
    return {
        "account": "total",
        "left_out": _accounts(left) if left else None,
        "fee_usd": unit.usd(sum(victim.penalty for victim in counted)) if counted else None,
        "accounts": len(counted),
        "n": sum(victim.n for victim in counted),
    }


def _sources(settlement: Settlement, loss: int, unit: _Unit) -> dict[str, Any]:
    return {
        "loss_usd": unit.usd(loss),
        "margin_usd": unit.usd(settlement.margin),
        "liquidation_fees_usd": unit.usd(settlement.liquidation_fees),
        "insurance_usd": unit.usd(settlement.insurance),
        "adl_usd": unit.usd(settlement.adl),
        "socialised_usd": unit.usd(settlement.socialised),
        "unpaid_usd": unit.usd(settlement.unpaid),
        "bad_debt_usd": unit.usd(settlement.bad_debt),
        "bad_debt_raw": str(settlement.bad_debt),
        "uses_raw": str(settlement.uses),
        "sources_raw": str(settlement.sources),
    }


def _notes(victims: VictimAccounts, capacities: Sequence[str], overpaid: int, unit: _Unit) -> list[str]:
    accounts = victims.accounts
    if not accounts:
        return []
    notes = [
        f"{BAD_DEBT.name}: {BAD_DEBT.formula}; {BAD_DEBT.caveat}",
        "E_close: last equity known in the window at or after the account's last liquidation, without what the insurance fund paid; "
        "collateral at the venue's haircut until it is sold; loss = margin - fee - E_close has price moves, funding and trading fees in it",
        "an account below zero before its first liquidation has margin 0; unpaid: not paid by the last equity known in the window",
        _penalties(accounts, unit),
        *capacities,
        f"{OVERSHOOT.name}: {OVERSHOOT.caveat}",
        _left_out(accounts, unit),
        f"raw columns: USD with {unit.decimals} decimals",
    ]
    moved = sum(victim.moved for victim in accounts)
    if moved:
        notes.append(f"{_accounts(moved)} deposited or withdrew between margin and last equity: a deposit is in the loss as a gain")
    if overpaid:
        notes.append(
            f"the insurance fund paid {unit.words(overpaid)} USD more than the deficits known: equity came in since, or was not seen after"
        )
    if victims.without_raw:
        verb = "was" if victims.without_raw == 1 else "were"
        notes.append(f"{_accounts(victims.without_raw)} {verb} recorded before raw amounts and not listed")
    return notes


def _left_out(victims: Sequence[VictimAccount], unit: _Unit) -> str:
    left = [victim for victim in victims if victim.left_out is not None]
    if not left:
        return ""
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(Counter(str(victim.left_out) for victim in left).items()))
    paid = sum(victim.settled for victim in left)
    words = f"; the insurance fund paid {unit.words(paid)} USD for them" if paid else ""
    verb = "is" if len(left) == 1 else "are"
    return f"{_accounts(len(left))} {verb} left out of the total ({reasons}){words}: a deficit that is not final is no bad debt"


def _penalties(victims: Sequence[VictimAccount], unit: _Unit) -> str:
    penalty, reward = sum(victim.penalty for victim in victims), sum(victim.reward for victim in victims)
    shares = f"{unit.words(reward)} to liquidators, {unit.words(penalty - reward)} to the insurance fund"
    return f"penalties {unit.words(penalty)} USD: {shares}"


def _capacity(venue: str, fund: InsuranceFund) -> str:
    """Before and after in words; nothing where one of them was not read."""
    if fund.before_usd is None or fund.after_usd is None:
        return ""
    words = f"insurance fund of {venue}: {_words(fund.before_usd)} USD before, {_words(fund.after_usd)} after, its trading income included"
    return words + (": it owes what it has paid" if fund.after_usd < 0 else "")


def _accounts(n: int) -> str:
    return f"{n:,} account{'' if n == 1 else 's'}"


def _words(usd: float) -> str:
    return f"{round(usd, 2):,g}" if abs(usd) < 10_000 else f"{usd:,.0f}"
