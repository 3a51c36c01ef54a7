"""The markets that the keeper's maps are of, each by its whole key: a liquidation price is one market's, whatever others are called."""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from analytics.answers.identity import MarketKey
from analytics.answers.liquidation_map import MapAnswer, liquidation_map
from analytics.marts import mart


@dataclass(frozen=True, slots=True)
class MappedMarket:
    """A market with positions, and what it trades."""

    key: MarketKey
    underlying: str

    def map_at(self, lake: duckdb.DuckDBPyConnection, at: datetime, *, all_markets: bool = False) -> MapAnswer:
        """Its map as of `at` (lake time), see `liquidation_map`."""
        chain_id, venue, market = self.key
        return liquidation_map(lake, market, at.replace(tzinfo=UTC), venue, chain_id=chain_id, all_markets=all_markets)


def mapped_markets(lake: duckdb.DuckDBPyConnection, at: datetime) -> list[MappedMarket]:
    """Those with positions in their venue's last snapshot at or before `at` (lake time), in the order of their names."""
    rows = lake.execute(mart("positions_at"), {"at": at, "market": None, "venue": None, "chain_id": None}).to_arrow_table()
    markets = rows.group_by(["market", "venue", "chain_id", "underlying"]).aggregate([]).to_pylist()
    return [MappedMarket(MarketKey.of(row), row["underlying"]) for row in sorted(markets, key=lambda row: tuple(row.values()))]
