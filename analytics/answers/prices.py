"""Prices over the window from the best source each venue has: trades, then mark prices, candles, and fills of liquidations."""

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.ledger import ledger_view
from analytics.answers.window import Window
from analytics.marts import has_view, mart

_PARTS = (("prices_trades", "stg_market_trades"), ("prices_keeper", "stg_keeper_market_state"), ("prices_candles", "stg_market_candles"))
_NONE = "this lake has no prices: no trades, candles, market states or fills"


def price_extremes(lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None) -> pa.Table:
    """First, lowest, highest and last price (USD) per venue and market; a candle's extreme carries the candle's start as its time."""
    if not prices_view(lake):
        return annotated(pa.table({}), reason=_NONE)
    asked = window or Window()
    parameters = {"since": asked.lake_since, "until": asked.lake_until, "underlying": underlying}
    table = lake.execute(mart("price_extremes"), parameters).to_arrow_table()
    notes = ["one source per venue and market: trades before mark prices before candles before fills of liquidations"]
    return annotated(
        table, reason=f"no prices{f' of {underlying}' if underlying else ''} in {asked.words}", notes=notes, window=asked.words
    )


def price_path(lake: duckdb.DuckDBPyConnection, window: Window, underlying: str, bucket_s: float) -> pa.Table:
    """Low, high and last price (USD) per venue, market and bucket of `bucket_s` seconds."""
    if not prices_view(lake):
        return annotated(pa.table({}), reason=_NONE)
    parameters = {"since": window.lake_since, "until": window.lake_until, "underlying": underlying, "bucket_s": bucket_s}
    table = lake.execute(mart("price_path"), parameters).to_arrow_table()
    return annotated(table, reason=f"no prices of {underlying} in {window.words}")


def prices_view(lake: duckdb.DuckDBPyConnection) -> bool:
    """Create the temporary view `mart_prices`; False when the lake has no prices of any kind."""
    parts = [mart(part) for part, view in _PARTS if has_view(lake, view)]
    if ledger_view(lake):
        parts.append(mart("prices_fills"))
    if parts:
        body = "\nUNION ALL BY NAME\n".join(f"({part})" for part in parts)
        lake.execute(f"CREATE OR REPLACE TEMPORARY VIEW mart_prices AS {body}")
    return bool(parts)
