"""Who paid for the deficits of liquidated accounts (M24)."""

from typing import Any

import pyarrow as pa

from analytics.answers.annotated import notes_of
from analytics.answers.bad_debt import waterfall
from analytics.report.scope import Subject
from analytics.report.section import Chart, Grid, Section, empty, grid
from analytics.report.style import INK, LONG, figure, hatched, legend, usd_axis

_TITLE = "Who paid for the deficits"
_COLUMNS = {
    "account": "account",
    "chain_id": "chain",
    "venue": "venue",
    "closed": "closed",
    "left_out": "left out",
    "margin_usd": "margin USD",
    "loss_usd": "loss USD",
    "fee_usd": "liquidation fee USD",
    "last_equity_usd": "last equity USD",
    "insurance_usd": "insurance USD",
    "unpaid_usd": "unpaid USD",
    "bad_debt_usd": "bad debt USD",
    "n": "n",
}
_ROWS, _BARS = 15, 10
_PAYERS: tuple[dict[str, Any], ...] = (
    {"color": LONG, "label": "own margin: loss"},
    hatched("own margin: fee"),
    {"color": "#cfcfcf", "hatch": "....", "edgecolor": INK, "linewidth": 0.3, "label": "insurance fund"},
    {"color": "#ffffff", "hatch": "xxxx", "edgecolor": INK, "linewidth": 0.8, "label": "unpaid"},
)


def section(of: Subject) -> Section:
    """Accounts closed and with bad debt, USD by source; the largest as bars and as rows."""
    found = waterfall(of.lake, of.window)
    if not found.num_rows:
        return empty(_TITLE, found, waterfall=found)
    *accounts, total = found.to_pylist()
    counted = [row for row in accounts if row["left_out"] is None]
    charts = (_chart(of, counted),) if counted else ()
    return Section(_TITLE, _lead(accounts, counted, total), charts, (_grid(found),), notes_of(found), tables={"waterfall": found})


def _lead(accounts: list[dict[str, Any]], counted: list[dict[str, Any]], total: dict[str, Any]) -> str:
    n = len(accounts)
    words = f"{n:,} account{' was' if n == 1 else 's were'} liquidated; "
    if not counted:
        return words + "none of them is closed and known, so that no deficit is final."
    indebted = sum(row["bad_debt_raw"] != "0" for row in counted)
    words += f"{len(counted):,} of them {'is' if len(counted) == 1 else 'are'} closed and known, {indebted or 'none'} with bad debt. "
    words += f"Loss {total['loss_usd']:,.0f} USD and liquidation fees {total['fee_usd']:,.0f} USD: "
    words += f"{total['loss_usd'] + total['fee_usd'] - total['bad_debt_usd']:,.0f} USD out of the accounts' own margin"
    if not indebted:
        return words + ", nothing left to pay."
    names = {"insurance_usd": "insurance fund", "adl_usd": "ADL", "socialised_usd": "socialised", "unpaid_usd": "unpaid"}
    sources = ", ".join(f"{label} {total[name]:,.0f} USD" for name, label in names.items())
    return f"{words}, {total['bad_debt_usd']:,.0f} USD bad debt: {sources}."


def _chart(of: Subject, counted: list[dict[str, Any]]) -> Chart:
    rows = list(reversed(counted[:_BARS]))
    made, (axes,) = figure(1, height=0.55 + 0.08 * len(rows))
    places = range(len(rows))
    starts = [0.0] * len(rows)
    for style, widths in zip(_PAYERS, zip(*(_parts(row) for row in rows), strict=True), strict=True):
        axes.barh(places, widths, left=starts, **style)
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    axes.set_yticks(places, _names(of, rows))
    axes.set_ylabel("account")
    axes.set_xlim(0, 1.05 * max(starts))
    usd_axis(axes, "loss and liquidation fee, USD, by who paid", which="x")
    legend(axes)
    caption = f"Loss with fee of the {len(rows)} largest closed accounts, USD, n {len(counted)} accounts, exact, {of.window.words}"
    return Chart("bad_debt", made, caption)


def _parts(row: dict[str, Any]) -> tuple[float, float, float, float]:
    """Loss and fee of one account by who paid; its margin pays the fee first, as the venue takes it."""
    fee = min(row["fee_usd"], row["margin_usd"])
    return min(row["loss_usd"], row["margin_usd"] - fee), fee, row["insurance_usd"], row["unpaid_usd"]


def _grid(found: pa.Table) -> Grid:
    """The largest accounts and the total."""
    last = found.num_rows - 1
    chosen = pa.concat_tables([found.slice(0, min(_ROWS, last)), found.slice(last)])
    made = grid("Account by account", chosen, _COLUMNS, most=_ROWS + 1)
    note = f"the first {_ROWS} of {last:,} accounts, largest first; all of them in `analytics export`" if last > _ROWS else ""
    return Grid(made.title, made.headers, made.rows, made.numeric, note)


def _names(of: Subject, rows: list[dict[str, Any]]) -> list[str]:
    """Accounts in short; with their venue where another one of these has the same key."""
    accounts = [row["account"] for row in rows]
    venues = [f" of {of.labels.of_row(row)}" if accounts.count(row["account"]) > 1 else "" for row in rows]
    return [f"{_short(account)}{venue}" for account, venue in zip(accounts, venues, strict=True)]


def _short(account: str) -> str:
    return account if len(account) <= 10 else f"{account[:8]}…"
