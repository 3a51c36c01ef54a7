"""What the keeper's lake says was liquidated: per market with long and short shares, who did it, how late, and what was left alone."""

import importlib.resources
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from analytics.errors import LakeError

_EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001 the lake's times are UTC without an offset
_LATEST = datetime(9999, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class Window:
    """Block times `since` (included) to `until` (not included), UTC; None is open. `venue` and `chain_id` None mean all."""

    since: datetime | None = None
    until: datetime | None = None
    venue: str | None = None
    chain_id: int | None = None

    def parameters(self) -> dict[str, object]:
        """As the SQL of sql/summary names them."""
        edges = {"since": _plain(self.since) or _EARLIEST, "until": _plain(self.until) or _LATEST}
        return edges | {"venue": self.venue, "chain_id": self.chain_id}


@dataclass(frozen=True, slots=True)
class Summary:
    """`markets`: one row per venue's market by falling notional, then `total`; none where nothing was liquidated. Notional, reward and bad
    debt in USD, shares as fractions of notional, latency in blocks from the first block found liquidatable (`latency_n` rows have one).
    `skips`: decisions to leave a candidate alone by reason. `covered`: one row, the blocks behind all this, of every chain in `chains`."""

    markets: pa.Table
    skips: pa.Table
    covered: pa.Table
    n: int
    quality: str = "exact"


def summarise(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> Summary:
    """The summary of a read-only lake (see `analytics.lake.open_lake`), all of it from one snapshot of the lake.

    Raises LakeError when no keeper has written to it."""
    parameters = (window or Window()).parameters()
    lake.begin()
    try:
        latency_view(lake)
        markets = lake.execute(_sql("markets"), parameters).to_arrow_table()
        skips = lake.execute(_sql("skips"), parameters).to_arrow_table()
        covered = lake.execute(_sql("window"), parameters).to_arrow_table()
    except duckdb.CatalogException as error:
        raise LakeError("this lake has no keeper tables yet: run the keeper on it first, or name another with --lake") from error
    finally:
        lake.rollback()
    n = markets.column("liquidations")[-1].as_py() if markets.num_rows else 0
    return Summary(markets, skips, covered, n)


def latency_view(lake: duckdb.DuckDBPyConnection) -> None:
    """Create the temporary view `latency`: blocks from the first block found liquidatable, per liquidation of the keeper's venues."""
    lake.execute(f"CREATE OR REPLACE TEMPORARY VIEW latency AS {_sql('latency')}")


def _plain(moment: datetime | None) -> datetime | None:
    """UTC without an offset, as the lake's TIMESTAMP columns are; a moment without an offset is taken as UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment


def _sql(name: str) -> str:
    return importlib.resources.files("analytics").joinpath("sql", "summary", f"{name}.sql").read_text("utf-8")
