"""What of an answer is worth showing to a reader."""

from typing import Any

import pyarrow as pa

from analytics.answers.cell import cell, shown_columns


def table_of(*rows: tuple[int | None, str | None]) -> pa.Table:
    """Rows of chain and venue."""
    columns: dict[str, Any] = {"chain_id": [chain for chain, _ in rows], "venue": [venue for _, venue in rows], "n": [1] * len(rows)}
    return pa.table(columns | {"note": pa.nulls(len(rows), pa.string())})


def test_a_column_without_values_says_nothing() -> None:
    assert shown_columns(table_of((10, "v")), ("venue", "n", "note")) == ["venue", "n"]


def test_the_chain_is_shown_where_a_name_stands_on_two() -> None:
    """Other venues on other chains do not need it, nor a row about all of them."""
    columns = ("chain_id", "venue")
    assert shown_columns(table_of((10, "v"), (11, "v")), columns) == ["chain_id", "venue"]
    assert shown_columns(table_of((None, "v"), (11, "v")), columns) == ["chain_id", "venue"]
    assert shown_columns(table_of((10, "v"), (11, "w"), (10, "v"), (None, None)), columns) == ["venue"]


def test_a_chain_id_is_no_quantity() -> None:
    assert (cell("chain_id", 8453), cell("n", 8453)) == ("8453", "8,453")
