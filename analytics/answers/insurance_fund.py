"""What a venue's insurance fund had before and after the window's liquidations (M24)."""

import json
from dataclasses import dataclass

import duckdb

from analytics.answers.window import Window
from analytics.marts import has_view, mart

DECIMALS = 18
"""Of raw USD amounts in the lake."""


@dataclass(frozen=True, slots=True)
class InsuranceFund:
    """Of one venue. Capacities in USD with 18 decimals, None where none was read; `unit` is one settlement unit in the same decimals."""

    chain_id: int
    venue: str
    unit: int
    before: int | None
    after: int | None


def insurance_funds(lake: duckdb.DuckDBPyConnection, window: Window) -> list[InsuranceFund]:
    """Of the venues with liquidations in the window that tell their settlement token's decimals; none in a lake without venue events."""
    if not has_view(lake, "stg_keeper_venue_events"):
        return []
    found = lake.execute(mart("insurance_funds"), {"since": window.lake_since, "until": window.lake_until}).fetchall()
    return [_fund(*row) for row in found]


def _fund(chain_id: int, venue: str, config: str, before: str | None, after: str | None) -> InsuranceFund:
    unit = 10 ** (DECIMALS - int(json.loads(config)["settlement_decimals"]))
    return InsuranceFund(chain_id, venue, unit, _capacity(before, unit), _capacity(after, unit))


def _capacity(payload: str | None, unit: int) -> int | None:
    return None if payload is None else int(json.loads(payload)["capacity_raw"]) * unit
