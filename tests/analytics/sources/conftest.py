"""A lake's market tables in memory, and the hand-made recordings."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.sources import ImportReport, Silent, import_files
from tests.analytics.sources.memory import market_in_memory

Import = Callable[..., ImportReport]
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """The market tables in plain DuckDB."""
    with market_in_memory() as connection:
        yield connection


@pytest.fixture
def take(lake: duckdb.DuckDBPyConnection) -> Import:
    """Import files into the lake."""

    def take(kind: str, *paths: Path, book_cadence_ms: int = 1000) -> ImportReport:
        return import_files(lake, kind, paths, Silent(), book_cadence_ms=book_cadence_ms)

    return take


@pytest.fixture
def rows(lake: duckdb.DuckDBPyConnection) -> Rows:
    """The rows of a query."""
    return lambda query: lake.execute(query).fetchall()


@pytest.fixture(scope="session")
def handmade() -> Path:
    """The hand-made recordings: invented tokens, a few rows, one trap a row."""
    return Path(__file__).parent / "fixtures"
