"""Who paid for the deficits of liquidated accounts, account by account, in integers (M24)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.identity import venue_labels
from analytics.answers.insurance_fund import DECIMALS, InsuranceFund, insurance_funds
from analytics.answers.victim_account import VictimAccount, victim_accounts
from analytics.answers.window import Window
from analytics.marts import has_view
from analytics.models.waterfall import BAD_DEBT, OVERSHOOT, Settlement, settle_apart

_NEEDED = ("liquidations", "evaluations", "account_snapshots", "position_snapshots", "venue_events")
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
    liquidations, `accounts` those a row stands for. The `_raw` columns are exact integers with 18 decimals."""
    asked = window or Window()
    if not all(has_view(lake, f"stg_keeper_{table}") for table in _NEEDED):
        return annotated(pa.Table.from_pylist([], _SCHEMA), reason=_NO_KEEPER)
    funds = insurance_funds(lake, asked)
    victims, without_raw = victim_accounts(lake, asked, funds)
    counted = [victim for victim in victims if victim.left_out is None]
    closings = [victim.closing() for victim in counted]
    settled = settle_apart(closings)
    losses = [closed.loss for closed, _ in closings]
    rows = [_row(victim) | _sources(of, loss) for victim, of, loss in zip(counted, settled.accounts, losses, strict=True)]
    rows.sort(key=lambda row: -row["loss_usd"] - row["fee_usd"])
    rows += sorted((_row(victim) for victim in victims if victim.left_out is not None), key=lambda row: -row["fee_usd"])
    if victims:
        rows.append(_total(counted, len(victims) - len(counted)) | (_sources(settled.total, sum(losses)) if counted else {}))
    table = pa.Table.from_pylist([row | {"quality": "exact", "window": asked.words} for row in rows], _SCHEMA)
    labels = venue_labels(lake)
    capacities = [_capacity(labels.of(fund.chain_id, fund.venue), fund) for fund in funds]
    reason = f"nobody was liquidated in {asked.words}"
    if without_raw:
        reason = f"the {_accounts(without_raw)} liquidated in {asked.words} were recorded before raw amounts: floats cannot be settled"
    return annotated(table, reason=reason, notes=_notes(victims, capacities, settled.left.insurance, without_raw))


def _row(victim: VictimAccount) -> dict[str, Any]:
    """What is known of any account."""
    return {
        "chain_id": victim.chain_id,
        "venue": victim.venue,
        "account": victim.account,
        "closed": victim.closed,
        "left_out": victim.left_out,
        "first_time": victim.first_time,
        "margin_usd": None if victim.margin is None else _usd(victim.margin),
        "fee_usd": _usd(victim.penalty),
        "last_equity_usd": None if victim.equity is None else _usd(victim.equity),
        "accounts": 1,
        "n": victim.n,
    }


def _total(counted: Sequence[VictimAccount], left: int) -> dict[str, Any]:
    """Of the accounts that are not left out; without any there are no sums."""
    return {
        "account": "total",
        "left_out": _accounts(left) if left else None,
        "fee_usd": _usd(sum(victim.penalty for victim in counted)) if counted else None,
        "accounts": len(counted),
        "n": sum(victim.n for victim in counted),
    }


def _sources(settlement: Settlement, loss: int) -> dict[str, Any]:
    return {
        "loss_usd": _usd(loss),
        "margin_usd": _usd(settlement.margin),
        "liquidation_fees_usd": _usd(settlement.liquidation_fees),
        "insurance_usd": _usd(settlement.insurance),
        "adl_usd": _usd(settlement.adl),
        "socialised_usd": _usd(settlement.socialised),
        "unpaid_usd": _usd(settlement.unpaid),
        "bad_debt_usd": _usd(settlement.bad_debt),
        "bad_debt_raw": str(settlement.bad_debt),
        "uses_raw": str(settlement.uses),
        "sources_raw": str(settlement.sources),
    }


def _notes(victims: Sequence[VictimAccount], capacities: Sequence[str], overpaid: int, without_raw: int) -> list[str]:
    if not victims:
        return []
    notes = [
        f"{BAD_DEBT.name}: {BAD_DEBT.formula}; {BAD_DEBT.caveat}",
        "E_close: last equity known in the window at or after the account's last liquidation, without what the insurance fund paid; "
        "collateral at the venue's haircut until it is sold; loss = margin - fee - E_close has price moves, funding and trading fees in it",
        "an account below zero before its first liquidation has margin 0; unpaid: not paid by the last equity known in the window",
        _penalties(victims),
        *capacities,
        f"{OVERSHOOT.name}: {OVERSHOOT.caveat}",
        _left_out(victims),
    ]
    moved = sum(victim.moved for victim in victims)
    if moved:
        notes.append(f"{_accounts(moved)} deposited or withdrew between margin and last equity: a deposit is in the loss as a gain")
    if overpaid:
        notes.append(
            f"the insurance fund paid {_words(overpaid)} USD more than the deficits known: equity came in since, or was not seen after"
        )
    if without_raw:
        notes.append(f"{_accounts(without_raw)} {'was' if without_raw == 1 else 'were'} recorded before raw amounts and not listed")
    return notes


def _left_out(victims: Sequence[VictimAccount]) -> str:
    left = [victim for victim in victims if victim.left_out is not None]
    if not left:
        return ""
    reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(Counter(str(victim.left_out) for victim in left).items()))
    paid = sum(victim.settled for victim in left)
    words = f"; the insurance fund paid {_words(paid)} USD for them" if paid else ""
    verb = "is" if len(left) == 1 else "are"
    return f"{_accounts(len(left))} {verb} left out of the total ({reasons}){words}: a deficit that is not final is no bad debt"


def _penalties(victims: Sequence[VictimAccount]) -> str:
    penalty, reward = sum(victim.penalty for victim in victims), sum(victim.reward for victim in victims)
    return f"penalties {_words(penalty)} USD: {_words(reward)} to liquidators, {_words(penalty - reward)} to the insurance fund"


def _capacity(venue: str, fund: InsuranceFund) -> str:
    """Before and after in words; nothing where one of them was not read."""
    if fund.before is None or fund.after is None:
        return ""
    words = f"insurance fund of {venue}: {_words(fund.before)} USD before, {_words(fund.after)} after, its trading income included"
    return words + (": it owes what it has paid" if fund.after < 0 else "")


def _accounts(n: int) -> str:
    return f"{n:,} account{'' if n == 1 else 's'}"


def _usd(amount: int) -> float:
    scale: int = 10**DECIMALS
    return amount / scale


def _words(amount: int) -> str:
    return f"{round(_usd(amount), 2):,g}" if abs(_usd(amount)) < 10_000 else f"{_usd(amount):,.0f}"
