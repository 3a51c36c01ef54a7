"""`analytics map`: what is liquidated where (M1 to M5)."""

from typing import Annotated

import typer

from analytics.answers.annotated import reason_of
from analytics.answers.asked_for import moment_of
from analytics.answers.gain_table import gain_table, gains
from analytics.answers.liquidation_map import liquidation_map
from analytics.answers.map_table import asymmetry_table, bins_table, clusters_table, volatility_before
from analytics.commands.answered import answer, as_object
from analytics.commands.options import AsCsv, AsJson, ChainId, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm, json_text
from analytics.lake import open_lake

_SHOWN = {
    "asymmetry": ("within_share", "ratio", "log_ratio", "n", "quality"),
    "gain": (
        "side",
        "depth_source",
        "gain_peak",
        "gain_peak_usd",
        "potential_5pct_usd",
        "potential_10pct_usd",
        "potential_25pct_usd",
        "n",
        "quality",
    ),
}
"""Columns worth a terminal's width; the other forms have all."""


def map_(
    market: Annotated[str, typer.Argument(help="The market as the keeper names it, e.g. ETH.", show_default=False)],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="The last snapshot at or before this time (UTC).", show_default=False)
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.", show_default=False)] = None,
    chain: ChainId = None,
    all_markets: Annotated[
        bool, typer.Option("--all-markets", help="All markets move together, each by its beta, instead of this one alone.")
    ] = False,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """The liquidation map of one market out of the keeper's own snapshots: clusters, asymmetry, coverage, max pain per victim side,
    and the gain: liquidatable over executable base, 1 where liquidations would carry themselves.

    --csv and --parquet give the bins of 10 bps, --json gives everything.

    Examples:

      analytics map ETH

      analytics map ETH --at 2025-12-11T02:00 --all-markets

      analytics map ETH --venue perps --chain 10

      analytics map BTC --parquet map.parquet
    """
    form = OutputForm(as_json, as_csv, parquet)
    moment = moment_of(at) if at else None
    with open_lake(lake) as connection:
        map_answer = liquidation_map(connection, market, moment, venue, chain_id=chain, all_markets=all_markets)
        volatility = volatility_before(connection, map_answer.underlying, map_answer.taken_at) if map_answer.taken_at else None
        gain = gain_table(connection, market, map_answer, gains(connection, market, map_answer, venue, chain_id=chain))
    bins = bins_table(map_answer)
    if as_csv or parquet is not None or map_answer.map is None or volatility is None:
        answer(bins, form)
        return
    parts = {"clusters": clusters_table(map_answer, volatility), "asymmetry": asymmetry_table(map_answer), "gain": gain}
    if form.as_json:
        whole = {"mark_usd": map_answer.map.mark, "taken_at": map_answer.taken_at, "bins": as_object(bins), "reason": reason_of(bins)}
        typer.echo(json_text(whole | {name: as_object(table) for name, table in parts.items()}))
        return
    for name, table in parts.items():
        answer(table, form, title=f"{market}: {name}", columns=_SHOWN.get(name, ()))
    answer(bins, form, title=f"{market}: bins")
