"""The summary as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from contracts.demo.figures import Figures
from contracts.demo.joint_summary import JointSummary, VenueSummary
from contracts.demo.rivalry import Rivalry
from contracts.demo.spread import Spread
from contracts.demo.summary import Summary

_LIQUIDATIONS, _RUN = "Liquidations by market", "The run"
_TOGETHER = "together"


def tables(summary: Summary) -> Sequence[Table]:
    """Of a run on one venue."""
    markets = _table(_LIQUIDATIONS)
    markets.add_column("market")
    for header in ("long", "short", "notional USD"):
        markets.add_column(header, justify="right")
    for market, row in summary.figures.liquidations_by_market.items():
        markets.add_row(market, str(row.long), str(row.short), f"{row.notional_usd:,.0f}")
    figures = _table(_RUN, show_header=False)
    for label, text in {**_rows(summary.figures), "wall time": f"{summary.wall_seconds:.1f} s"}.items():
        figures.add_row(label, text)
    return (markets, figures) if summary.rivalry is None else (markets, figures, _rivals(summary.figures, summary.rivalry))


def joint_tables(summary: JointSummary) -> Sequence[Table]:
    """Of a run on several venues: a column for each, and one for all together."""
    figures = {name: venue.figures for name, venue in summary.venues.items()} | {_TOGETHER: summary.total}
    markets = _columns(_LIQUIDATIONS, {name: _market_rows(each) for name, each in figures.items()})
    rows = {name: {**_rows(each), **_venue_rows(summary.venues.get(name))} for name, each in figures.items()}
    rows[_TOGETHER] |= {"shock's first blocks apart": f"{summary.shock_apart_seconds:.3f} s", "wall time": f"{summary.wall_seconds:.1f} s"}
    return (markets, _columns(_RUN, rows))


def _rivals(figures: Figures, rivalry: Rivalry) -> Table:
    """The keeper beside its rivals, and below what it lost the rest to."""
    table = _table("Liquidations by liquidator")
    table.add_column("")
    for header in ("liquidations", "share", "notional USD", "blocks late"):
        table.add_column(header, justify="right")
    table.add_row("keeper", *_taken(figures.liquidations_executed, rivalry.keeper_share, rivalry.keeper_notional_usd, figures.blocks_late))
    for name, rival in rivalry.rivals.items():
        table.add_row(name, *_taken(rival.liquidations, rival.share, rival.notional_usd, rival.blocks_late))
    losses = ", ".join(f"{count} {reason}" for reason, count in rivalry.reasons.items()) or "nothing"
    table.caption, table.caption_justify = f"lost: {losses}", "left"
    return table


def _taken(liquidations: int, share: float, notional_usd: float, blocks_late: Spread) -> Sequence[str]:
    return (str(liquidations), f"{share:.1%}", f"{notional_usd:,.0f}", str(blocks_late))


def _columns(title: str, columns: Mapping[str, Mapping[str, str]]) -> Table:
    """A row for every label of any column, in the order in which they are met."""
    table = _table(title)
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    for label in dict.fromkeys(label for rows in columns.values() for label in rows):
        table.add_row(label, *(rows.get(label, "") for rows in columns.values()))
    return table


def _market_rows(figures: Figures) -> Mapping[str, str]:
    rows: dict[str, str] = {}
    for market, row in figures.liquidations_by_market.items():
        counts = f"{row.margin} of margin" if row.margin else f"{row.long} long, {row.short} short"
        rows[market] = f"{counts}, {row.notional_usd:,.0f} USD"
    return rows


def _rows(figures: Figures) -> Mapping[str, str]:
    profit = figures.keeper_profit_parts_usd
    return {
        "traders, blocks": f"{figures.traders}, {figures.blocks}",
        "liquidations executed": f"{figures.liquidations_executed} (and {figures.collateral_liquidations} of collateral)",
        "accounts ever liquidatable / missed": f"{figures.accounts_ever_liquidatable} / {figures.missed}",
        "margin against the contract's view": str(figures.parity),
        "blocks late": str(figures.blocks_late),
        "RPC requests per block": str(figures.rpc_requests_per_block),
        "milliseconds per block": str(figures.block_ms),
        "keeper's profit": f"{figures.keeper_profit_usd:,.2f} USD, of it gas {-profit['gas']:,.2f}",
        "keeper's assets on chain": f"{figures.keeper_assets_change_usd:+,.2f} USD",
        "gas used, reverted attempts": f"{figures.gas_used:,}, {figures.reverted_attempts}",
        "bad debt": f"{figures.bad_debt_usd:,.2f} USD",
    }


def _venue_rows(venue: VenueSummary | None) -> Mapping[str, str]:
    """Nothing for what is of no single venue."""
    if venue is None:
        return {}
    return {
        "margin against the referee's reading": str(venue.referee_parity),
        "accounts flagged / unfinished": f"{venue.accounts_flagged} / {len(venue.flags_unfinished)}",
    }


def _table(title: str, *, show_header: bool = True) -> Table:
    return Table(title=title, title_justify="left", show_header=show_header)
