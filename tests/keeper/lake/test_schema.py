"""Every record class equals its table: a changed field without a migration fails here."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from keeper.domain.records import TABLES, Record
from keeper.lake.columns import columns
from keeper.lake.recorder import Recorder


class _Open(Protocol):
    def __call__(self, **changes: Any) -> Recorder: ...


class _Ask(Protocol):
    def __call__(self, sql: str) -> list[tuple[Any, ...]]: ...


@pytest.fixture
def tables(recorder: _Open, ask: _Ask) -> dict[str, list[tuple[str, str, bool]]]:
    """The columns of every table of a new lake, as the catalog has them."""
    recorder()
    found: dict[str, list[tuple[str, str, bool]]] = {}
    for table, name, kind, nullable in ask(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE database_name = 'lake' ORDER BY column_index"
    ):
        found.setdefault(table, []).append((name, kind, nullable))
    return found


def test_every_record_class_equals_its_table(tables: dict[str, list[tuple[str, str, bool]]]) -> None:
    """Names, order, types and nullability."""
    expected = {table: [(column.name, column.sql_type, column.nullable) for column in columns(record)] for table, record in TABLES}
    assert {table: tables[table] for table in expected} == expected


def test_no_other_tables_than_the_records_and_the_books_of_the_store(tables: dict[str, list[tuple[str, str, bool]]]) -> None:
    """A table without a record class would never be written."""
    assert set(tables) - {table for table, _ in TABLES} == {"cursors", "schema_migrations"}


@pytest.mark.parametrize(("table", "record"), TABLES)
def test_raw_integers_stand_in_columns_named_so(table: str, record: type[Record]) -> None:
    """`_raw` and text go together: nobody sums a text column by mistake, nobody stores a big integer as a DOUBLE."""
    named = {column.name for column in columns(record) if column.name.endswith("_raw")}
    assert all(column.sql_type == "VARCHAR" for column in columns(record) if column.name in named), table
