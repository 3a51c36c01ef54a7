"""report.html: one self-contained file with the run's charts and figures. No network, no script."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from contracts.demo.programs import query
from contracts.demo.summary import Spread, Summary

_LONG, _SHORT, _LINE = "#b2182b", "#2166ac", "#222222"
_WIDTH = 8.6

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
svg{width:100%;height:auto}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}
p.note{color:#555;font-size:.9rem}
"""


def write_page(lake: Path, summary: Summary, path: Path) -> None:
    """Draw from the lake and write the page."""
    prices = query(lake, "select market, block_number, mark_price, index_price from market_state order by market, block_number")
    liquidations = query(
        lake,
        "select market, side, block_number, notional_usd from liquidations where kind = 'positions' order by block_number, log_index",
    )
    # Paths instead of <text> would be unreadable for search and screen readers.
    with mpl.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}):
        charts = [_timeline(market, prices, liquidations) for market in sorted({row["market"] for row in prices})]
        sides = _sides(summary)
    body = [
        "<h1>Cascade on a local chain with the real Perp V2 contracts</h1>",
        f"<p>{summary.traders} traders, seed {summary.seed}, {summary.blocks} blocks, "
        f"{summary.liquidations_executed} liquidations by the keeper.</p>",
        _figures(summary),
        "<h2>Mark price and cumulative liquidations</h2>",
        *charts,
        "<h2>Long and short by market</h2>",
        sides,
        '<p class="note">Sources: tables market_state, liquidations, outcomes, account_snapshots of the lake beside this file; the '
        "blocks in which an account was liquidatable were read from the contracts' own views by a separate observer. Notional at the "
        "mark price of the liquidation. Data quality: exact, every event of the chain.</p>",
    ]
    page = '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    path.write_text(f"{page}<title>perp-keeper demo</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>\n")


def _timeline(market: str, prices: Sequence[Mapping[str, Any]], liquidations: Sequence[Mapping[str, Any]]) -> str:
    mine = [row for row in prices if row["market"] == market]
    figure = Figure(figsize=(_WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    blocks = [row["block_number"] for row in mine]
    axes.plot(blocks, [row["mark_price"] for row in mine], color=_LINE, label="mark price")
    axes.plot(blocks, [row["index_price"] for row in mine], color=_LINE, linestyle=":", linewidth=1, label="index price")
    axes.set(xlabel="block", ylabel=f"{market}, USD", title=market)
    counts = axes.twinx()
    for side, colour, style in (("long", _LONG, "-"), ("short", _SHORT, "--")):
        hit = [row["block_number"] for row in liquidations if row["market"] == market and row["side"] == side]
        counts.step(
            [blocks[0], *hit, blocks[-1]],
            [0, *range(1, len(hit) + 1), len(hit)],
            where="post",
            color=colour,
            linestyle=style,
            label=f"{side}s liquidated",
        )
    counts.set_ylabel("liquidations, cumulative")
    _legend(axes, counts)
    return _svg(figure)


def _sides(summary: Summary) -> str:
    figure = Figure(figsize=(_WIDTH, 2.6), layout="constrained")
    axes = figure.subplots()
    markets = list(summary.liquidations_by_market)
    rows = [summary.liquidations_by_market[market] for market in markets]
    longs, shorts = [row.long for row in rows], [row.short for row in rows]
    axes.barh(markets, longs, color=_LONG, label="long")
    axes.barh(markets, shorts, left=longs, color=_SHORT, hatch="//", edgecolor="white", label="short")
    for index, row in enumerate(rows):
        axes.annotate(f" {row.long} long, {row.short} short, {row.notional_usd:,.0f} USD", (row.long + row.short, index), va="center")
    axes.set(xlabel="liquidations", xlim=(0, max(row.long + row.short for row in rows) * 1.7 if rows else 1))
    axes.legend(loc="upper right", frameon=False)
    return _svg(figure)


def _legend(first: Axes, second: Axes) -> None:
    handles, labels = first.get_legend_handles_labels()
    more_handles, more_labels = second.get_legend_handles_labels()
    first.legend(handles + more_handles, labels + more_labels, loc="upper center", ncols=4, frameon=False, fontsize=9)
    low, high = first.get_ylim()
    first.set_ylim(low, high + (high - low) * 0.15)


def _svg(figure: Figure) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]


def _figures(summary: Summary) -> str:
    rows = (
        ("Accounts ever liquidatable by the contract's view", f"{summary.accounts_ever_liquidatable}"),
        ("Missed (liquidatable in two blocks running, never liquidated)", f"{summary.missed}"),
        (
            "Margin compared with the contract's view",
            f"{summary.parity['comparisons']:,} comparisons, {summary.parity['mismatches']} mismatches",
        ),
        ("Blocks from breach to liquidation", _spread(summary.blocks_late)),
        ("RPC requests per block", _spread(summary.rpc_requests_per_block)),
        ("Milliseconds per block", _spread(summary.block_ms)),
        ("Keeper's profit, gas paid", f"{summary.keeper_profit_usd:,.2f} USD"),
        ("Change of the keeper's assets on the chain", f"{summary.keeper_assets_change_usd:,.2f} USD"),
        ("Bad debt", f"{summary.bad_debt_usd:,.2f} USD"),
    )
    return "<table>" + "".join(f"<tr><td>{html.escape(name)}<td>{html.escape(value)}" for name, value in rows) + "</table>"


def _spread(spread: Spread) -> str:
    return f"p50 {spread.p50}, p99 {spread.p99}, max {spread.max}, n {spread.n}"
