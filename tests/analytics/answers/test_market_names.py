"""A venue may call its market by another name than its underlying: it is asked about by its own name, and compared with others by what it
trades. What the answers say is what they said where both were one name."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import analytics
from analytics.answers.annotated import notes_of
from analytics.answers.export import tables
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from keeper.domain.records import Record, VenueEventRecord
from tests.analytics.answers.test_concentration_table import DEPTH, LIQUIDATIONS, OPEN_INTEREST
from tests.analytics.keeper_lake import write_lake
from tests.analytics.report.cascade_lake import BLOCKS, BOOKS, cascade_rows

Lake = duckdb.DuckDBPyConnection
NAME = "ETH-PERP"
_WHERE = "'binance' AS venue, 'ETHUSDT' AS market, 'ETH' AS underlying, 'ms' AS time_resolution, 'exact' AS quality, 'test' AS source"
FUNDING = f"""
INSERT INTO market.funding BY NAME
SELECT {_WHERE}, 'test' AS source_file, TIMESTAMP '2025-03-21' + to_seconds(i) AS exchange_time, 1e-4 AS rate, 8.0 AS period_hours,
    rate AS rate_8h
FROM range(60) AS r(i)
"""
TRADES = f"""
INSERT INTO market.trades BY NAME
SELECT {_WHERE}, 'test' AS source_file, 'perpetual' AS instrument, i::VARCHAR AS trade_id,
    TIMESTAMP '2025-03-21' + to_seconds(i) AS exchange_time, 'buy' AS side, 100.0 - i / 10 AS price, 1.0 AS base, price AS notional_usd
FROM range(20) AS r(i)
"""
BEFORE_THE_SNAPSHOT = BOOKS.replace("00:01:00", "00:00:00")
QUESTIONS_OF_A_MARKET = (analytics.liquidation_map, analytics.clusters, analytics.asymmetry, analytics.gain, analytics.gain_curve)
QUESTIONS_OF_AN_UNDERLYING = (analytics.signals, analytics.treadmill)


def renamed(record: Record) -> Record:
    """A row of the cascade whose market has the other name."""
    if isinstance(record, VenueEventRecord):
        return replace(record, payload=record.payload.replace('"ETH"', f'"{NAME}"'))
    names: Mapping[str, Any] = {"market": NAME} if isinstance(getattr(record, "market", None), str) else {}
    return replace(record, **names)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lake, Lake]]:
    """The cascade beside recordings of ETH, its market named by the underlying and otherwise."""
    directories = [tmp_path_factory.mktemp(name) for name in ("ETH", NAME)]
    for directory in directories:
        _write(directory, other=directory is directories[1])
    with open_lake(directories[0]) as plain, open_lake(directories[1]) as other:
        yield plain, other


def _write(directory: Path, *, other: bool) -> None:
    blocks = {number: cascade_rows(number) for number in range(1, BLOCKS + 1)}
    write_lake(directory, {number: [renamed(row) if other else row for row in rows] for number, rows in blocks.items()})
    with open_market(directory) as market:
        for statement in (BOOKS, BEFORE_THE_SNAPSHOT, DEPTH, LIQUIDATIONS, OPEN_INTEREST, FUNDING, TRADES):
            market.execute(statement)


def under_one_name(table: pa.Table) -> list[Any]:
    """Rows and notes as they would be if the market had its underlying's name; rows in an order of their own."""
    rows = [{name: _one_name(value) for name, value in row.items()} for row in table.to_pylist()]
    return [*sorted(rows, key=repr), *(_one_name(note) for note in notes_of(table))]


def _one_name(value: Any) -> Any:
    return value.replace(NAME, "ETH") if isinstance(value, str) else value


def test_every_answer_about_a_window(lakes: tuple[Lake, Lake]) -> None:
    plain, other = (tables(lake, Window()) for lake in lakes)
    assert sum(table.num_rows > 0 for table in plain.values()) > 20
    for name, table in plain.items():
        assert under_one_name(other[name]) == under_one_name(table), name


def test_every_answer_about_a_market(lakes: tuple[Lake, Lake]) -> None:
    plain, other = lakes
    for ask in QUESTIONS_OF_A_MARKET:
        assert under_one_name(ask(other, NAME)) == under_one_name(ask(plain, "ETH")), ask.__name__
        assert ask(other, "ETH").num_rows == 0, "no market has that name"
    for question in QUESTIONS_OF_AN_UNDERLYING:
        assert under_one_name(question(other, "ETH")) == under_one_name(question(plain, "ETH")), question.__name__


def test_the_venue_stands_among_those_of_its_underlying(lakes: tuple[Lake, Lake]) -> None:
    _, other = lakes
    assert analytics.headline(other, underlying="ETH").to_pylist()[0]["venues"] == ["deep", "nodepth", "perp_v2", "thin"]
    assert "perp_v2" in {row["venue"] for row in analytics.depth(other, underlying="ETH").to_pylist()}
    assert {row["market"] for row in analytics.liquidations(other, underlying="ETH", venue="perp_v2").to_pylist()} == {NAME}
    (row,) = [row for row in analytics.regime(other).to_pylist() if row["venue"] == "perp_v2"]
    assert (row["market"], row["underlying"], row["open_interest_before"]) == (NAME, "ETH", 700.0)
    sides = analytics.map_skill(other).to_pylist()
    assert [(side["market"], side["realised_usd"]) for side in sides] == [(NAME, 27_800.0), (NAME, 0.0)], "not what others liquidated"


def test_two_markets_of_one_underlying_are_two(tmp_path: Path) -> None:
    """Positions of one are no part of the other's map; what both lost is one asset's."""
    blocks = {number: cascade_rows(number) for number in range(1, BLOCKS + 1)}
    write_lake(
        tmp_path, {number: [*rows, *(_second_market(row) for row in rows if hasattr(row, "underlying"))] for number, rows in blocks.items()}
    )
    with open_lake(tmp_path) as lake:
        alone = [table.to_pylist() for table in (analytics.liquidation_map(lake, name) for name in ("ETH", NAME))]
        assert [sum(row["long_usd"] for row in rows) for rows in alone] == [70_000.0, 70_000.0]
        assert [row["market"] for row in analytics.map_skill(lake).to_pylist()] == ["ETH", "ETH", NAME, NAME]
        assert {row["realised_usd"] for row in analytics.map_skill(lake).to_pylist() if row["side"] == "long"} == {27_800.0}
        assert [row["forced_share"] for row in analytics.regime(lake).to_pylist()] == pytest.approx([278 / 300] * 2)
        assert analytics.headline(lake).to_pylist()[0]["total_usd"] == 55_600.0


def _second_market(record: Record) -> Record:
    hashes: Mapping[str, Any] = {"transaction_hash": "0xsecond"} if hasattr(record, "transaction_hash") else {}
    return replace(renamed(record), **hashes)
