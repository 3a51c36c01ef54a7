"""`analytics fragmentation`: slippage by venue, and what it costs that the venues are apart (M14)."""

from typing import Annotated

import typer

from analytics.answers.fragmentation_table import LATENCY_S, slippage
from analytics.answers.fragmentation_table import fragmentation as find
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Underlying, Until, window_of
from analytics.errors import CallError
from analytics.lake import open_lake

_SHOWN = (
    "underlying",
    "venues",
    "side",
    "size_usd",
    "cost_bps_p50",
    "cost_after_fees_bps_p50",
    "cost_after_latency_bps_p50",
    "split_bps_p50",
    "pooled_bps_p50",
    "filled_share",
    "n",
    "quality",
)


def fragmentation(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    fee: Annotated[
        list[str] | None, typer.Option(metavar="VENUE=BPS", help="A venue's taker fee; give every venue's.", show_default=False)
    ] = None,
    latency: Annotated[float, typer.Option(min=0.0, help="Seconds until an order is at the other venues.")] = LATENCY_S,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Cost in bps of splitting an order over venues against one pooled book, where books of two venues stand within a second:
    frictionless, after taker fees, and when the order reaches the other venues late.

    On a terminal the slippage by venue follows.

    Examples:

      analytics fragmentation --underlying BTC

      analytics fragmentation --fee binance=4.5 --fee hyperliquid=3.5 --latency 0.2

      analytics fragmentation --json
    """
    form = OutputForm(as_json, as_csv, parquet)
    window = window_of(since, until)
    fees = dict(_fee(text) for text in fee or ())
    with open_lake(lake) as connection:
        answer(find(connection, window, underlying, fees_bps=fees, latency_s=latency), form, columns=_SHOWN)
        if form.for_a_screen:
            answer(slippage(connection, window, underlying), form, title="Slippage by venue")


def _fee(text: str) -> tuple[str, float]:
    venue, _, bps = text.partition("=")
    try:
        fee = float(bps)
    except ValueError as error:
        raise CallError(f"--fee {text}: write VENUE=BPS, e.g. binance=4.5") from error
    if not venue or not -100 <= fee <= 1000:
        raise CallError(f"--fee {text}: write VENUE=BPS, between -100 and 1000 bps")
    return venue, fee
