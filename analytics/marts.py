"""The marts: what the answers read. Each is a file of sql/marts over the staging views of a read-only lake."""

import importlib.resources

import duckdb

_EMPTY_LIQUIDATIONS = """
SELECT NULL::BIGINT AS chain_id, NULL::VARCHAR AS venue, NULL::VARCHAR AS market, NULL::VARCHAR AS underlying, NULL::VARCHAR AS side,
NULL::VARCHAR AS victim, NULL::TIMESTAMP AS moment, NULL::BIGINT AS block_number, NULL::DOUBLE AS size_base, NULL::DOUBLE AS price_usd,
NULL::DOUBLE AS notional_usd, NULL::VARCHAR AS stage, NULL::VARCHAR AS quality
WHERE false"""


def mart(name: str) -> str:
    """The SQL of one mart."""
    return importlib.resources.files("analytics").joinpath("sql", "marts", f"{name}.sql").read_text("utf-8")


def has_view(lake: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a staging view exists: one is left out where the lake lacks its table."""
    return bool(lake.execute("SELECT 1 FROM duckdb_views() WHERE view_name = ?", [name]).fetchall())


def lacking(lake: duckdb.DuckDBPyConnection, *tables: str) -> str:
    """What to say of a lake that an earlier keeper wrote and that lacks some of these tables of today; "" where it has them all, and where
    there is no keeper's lake."""
    absent = [table for table in tables if not has_view(lake, f"stg_keeper_{table}")]
    if not absent or not has_view(lake, "stg_keeper_blocks"):
        return ""
    names = " and no ".join(absent)
    return f"an earlier keeper wrote this lake: it has no {names} until a keeper of today is started on it, which fills them in"


def create_liquidations(lake: duckdb.DuckDBPyConnection) -> None:
    """The temporary view `mart_liquidations`: the keeper's and the imported ones, whichever the lake has; empty where it has neither.
    Beside it the temporary tables `mart_underlying_codes` and `mart_venue_codes`."""
    parts = [mart(f"liquidations_{source}") for source in ("keeper", "market") if has_view(lake, f"stg_{source}_liquidations")]
    body = "\nUNION ALL BY NAME\n".join(f"({part})" for part in parts) or _EMPTY_LIQUIDATIONS
    lake.execute(f"CREATE OR REPLACE TEMPORARY VIEW mart_liquidations AS {body}")
    for codes in ("underlying_codes", "venue_codes"):
        lake.execute(f"CREATE OR REPLACE TEMPORARY TABLE mart_{codes} AS {mart(codes)}")
