"""Who liquidated, and what was missed and why (M25)."""

from collections import Counter

import pyarrow as pa

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.keeper_race import attempts, keepers, missed
from analytics.report.scope import Subject
from analytics.report.section import Chart, Section, grid
from analytics.report.style import LONG, SHORT, SHORT_HATCH, figure, hatched

_KEEPERS = {
    "chain_id": "chain",
    "venue": "venue",
    "liquidator": "liquidator",
    "by_keeper": "ours",
    "n": "n",
    "notional_usd": "USD",
    "reward_usd": "rewards USD",
    "bad_debt_usd": "bad debt USD",
    "count_share": "share of count",
    "reward_share": "share of rewards",
    "latency_blocks_p50": "latency p50, blocks",
    "latency_blocks_max": "max",
}
_ATTEMPTS = {
    "chain_id": "chain",
    "venue": "venue",
    "outcome": "outcome",
    "n": "n",
    "transactions": "transactions",
    "gas_usd": "gas USD",
    "profit_usd": "profit before gas USD",
    "net_usd": "net USD",
    "blocks_since_seen_p50": "blocks since seen, p50",
}
_MISSED = {
    "moment": "time",
    "account": "account",
    "chain_id": "chain",
    "venue": "venue",
    "reason": "reason",
    "liquidator": "liquidated by",
    "markets": "markets",
    "notional_usd": "USD",
    "first_seen_block": "first seen in block",
    "last_skip": "last skip",
    "outcome": "outcome",
}
_BARS = 8


def keepers_section(of: Subject) -> Section:
    """Liquidators by count, and our own attempts."""
    found, ours = keepers(of.lake, of.window), attempts(of.lake, of.window)
    title, tables = "Who liquidated", {"keepers": found, "attempts": ours}
    if not found.num_rows:
        return Section(title, reason=reason_of(found), tables=tables)
    grids = [grid("Liquidators", found, _KEEPERS)]
    if ours.num_rows:
        grids.append(grid("Our attempts", ours, _ATTEMPTS))
    return Section(title, "", (_keepers_chart(of, found),), tuple(grids), (*notes_of(found), *notes_of(ours)), tables=tables)


def missed_section(of: Subject) -> Section:
    """Counts per reason, then account by account."""
    found = missed(of.lake, of.window)
    title, tables = "What was missed and why", {"missed": found}
    if not found.num_rows:
        return Section(title, reason=reason_of(found), tables=tables)
    counts = Counter(found["reason"].to_pylist()).most_common()
    lead = f"{found.num_rows} missed: " + ", ".join(f"{n} {reason}" for reason, n in counts) + "."
    made, (axes,) = figure(1, height=0.8)
    names, numbers = zip(*reversed(counts), strict=True)
    bars = axes.barh(names, numbers, **hatched(""))
    axes.bar_label(bars, padding=3)
    axes.set_xlabel("accounts")
    chart = Chart("missed", made, f"Missed by reason, n {found.num_rows}, exact, {of.window.words}")
    return Section(title, lead, (chart,), (grid("Account by account", found, _MISSED, most=20),), notes_of(found), tables=tables)


def _keepers_chart(of: Subject, found: pa.Table) -> Chart:
    rows = list(reversed(found.to_pylist()[:_BARS]))
    made, (axes,) = figure(1, height=0.5 + 0.08 * len(rows))
    several = len({(row["chain_id"], row["venue"]) for row in found.to_pylist()}) > 1
    races = [f", {of.labels.of_row(row)}" if several else "" for row in rows]
    names = [f"{row['liquidator'][:8]}…{' (ours)' if row['by_keeper'] else ''}{race}" for row, race in zip(rows, races, strict=True)]
    ours = [bool(row["by_keeper"]) for row in rows]
    bars = axes.barh(names, [row["n"] for row in rows], color=[LONG if own else SHORT for own in ours])
    for bar, own in zip(bars, ours, strict=True):
        bar.set_hatch("" if own else SHORT_HATCH)
    axes.bar_label(bars, [f"{row['count_share']:.0%}" for row in rows], padding=3)
    axes.set_xlabel("liquidations")
    return Chart("keepers", made, f"Liquidations per liquidator, n {sum(found['n'].to_pylist())}, exact, {of.window.words}")
