"""What a venue's insurance fund had before and after the window's liquidations (M24)."""

from dataclasses import dataclass

import duckdb

from analytics.answers.window import Window
from analytics.marts import mart


@dataclass(frozen=True, slots=True)
class InsuranceFund:
    """Of one venue: capacities in USD, None where none was read."""

    chain_id: int
    venue: str
    before_usd: float | None
    after_usd: float | None


def insurance_funds(lake: duckdb.DuckDBPyConnection, window: Window) -> list[InsuranceFund]:
    """Of the venues with liquidations in the window whose fund was read."""
    rows = lake.execute(mart("insurance_funds"), {"since": window.lake_since, "until": window.lake_until}).fetchall()
    return [InsuranceFund(*row) for row in rows]
