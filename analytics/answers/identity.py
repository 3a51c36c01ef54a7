"""Who is who in a lake. A venue is a name on a chain, and both stand in every key: names are unique within one configuration of the keeper,
not within a lake. Recordings of venues know no chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from analytics.marts import has_view, mart


class MarketKey(NamedTuple):
    """One venue's market; `chain_id` None in a recording."""

    chain_id: int | None
    venue: str
    market: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "MarketKey":
        """That of a row with these columns."""
        return cls(row["chain_id"], row["venue"], row["market"])


class AccountKey(NamedTuple):
    """One account of one venue."""

    chain_id: int
    venue: str
    account: str


@dataclass(frozen=True, slots=True)
class VenueLabels:
    """A venue in one word: its name, with its chain where the keeper has the name on several."""

    repeated: frozenset[str] = frozenset()

    def of(self, chain_id: int | None, venue: str) -> str:
        """The label of a venue; of a recorded one its name."""
        return f"{venue} (chain {chain_id})" if venue in self.repeated and chain_id is not None else venue

    def of_row(self, row: Mapping[str, Any]) -> str:
        """That of a row with these columns."""
        return self.of(row["chain_id"], row["venue"])

    def of_markets(self, keys: Sequence[MarketKey]) -> Mapping[MarketKey, str]:
        """Markets in one word: their name, with their venue where several of these have it."""
        names = [key.market for key in keys]
        return {key: key.market if names.count(key.market) == 1 else f"{key.market} of {self.of(key.chain_id, key.venue)}" for key in keys}


def venue_labels(lake: duckdb.DuckDBPyConnection) -> VenueLabels:
    """The labels of the lake's venues."""
    if not has_view(lake, "stg_keeper_cursors"):
        return VenueLabels()
    return VenueLabels(frozenset(str(name) for (name,) in lake.execute(mart("repeated_venues")).fetchall()))
