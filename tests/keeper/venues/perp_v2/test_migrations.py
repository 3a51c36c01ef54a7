"""What the lake's migrations make of recorded events is what the venue itself says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pytest

from keeper.domain import event_json
from keeper.domain.chain import Address, BlockRef, Hash32, RawLog, Timestamp
from keeper.domain.options import build
from keeper.domain.records import Record
from keeper.engine import view_rows
from keeper.engine.evaluator import Applied, Latest
from keeper.engine.recording import BlockKeys
from keeper.lake.connection import connect
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from keeper.venues.perp_v2.events import EVENT_TYPES
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.read_events import CollateralDescribed, MarketNamed
from keeper.venues.perp_v2.state import PARAMETERS, PerpBook
from keeper.venues.perp_v2.ticks import MAX_TICK, price_at
from keeper.venues.perp_v2.venue import PerpV2
from tests.keeper.lake.one_chain import OneChain
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, ETH, QUOTE, USDC, WETH
from tests.replay.kept import unpack

CHAIN, VENUE = 31337, "perp_v2"
TABLES = ("pool_ranges", "pool_states", "insurance_funds", "account_flows")


def test_the_price_of_every_tick_is_the_venues() -> None:
    ticks = range(-MAX_TICK, MAX_TICK + 1)
    prices = duckdb.sql(f"SELECT pow(1.0001, tick) AS price FROM range({-MAX_TICK}, {MAX_TICK + 1}) AS ticks(tick)").fetchnumpy()["price"]
    assert prices.tolist() == [price_at(tick) for tick in ticks]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept lake, opened by the keeper of today."""
    directory = unpack(tmp_path_factory.mktemp("kept"))
    with OneChain(LakeOptions.at(directory), CHAIN, [VENUE]):
        pass
    return directory


@pytest.fixture(scope="module")
def fresh(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new lake, told of the same events block by block."""
    directory = tmp_path_factory.mktemp("fresh")
    with LakeReader(LakePlace.at(migrated).keeper, CHAIN) as reader, OneChain(LakeOptions.at(directory), CHAIN, [VENUE]) as recorder:
        rows = [row for batch in reader.venue_events(VENUE) for row in batch.to_pylist()]
        for block, records in _followed(rows):
            recorder.block(block, records)
    return directory


def _followed(rows: list[dict[str, Any]]) -> Iterator[tuple[BlockRef, list[Record]]]:
    """What the keeper records of these events, which it describes as soon as it can."""
    venue, latest = PerpV2(build(Options, ADDRESSES)), Latest()
    book = venue.new_book()
    events = [event_json.load(EVENT_TYPES, row["event"], row["payload"]) for row in rows]
    descriptions = {event for event in events if isinstance(event, MarketNamed | CollateralDescribed)}
    for number, group in groupby(rows, key=lambda row: row["block_number"]):
        listed = list(group)
        time = Timestamp(int(listed[0]["block_time"].replace(tzinfo=UTC).timestamp()))
        block = BlockRef(number, Hash32(listed[0]["block_hash"]), Hash32("0x"), time)
        book.open_block(number, time)
        latest.open_block(number)
        applied = [_applied(row) for row in listed]
        for item in applied:
            venue.apply(item.event, book)
        for event in descriptions:
            if _fits(event, book):
                venue.apply(event, book)
        where = BlockKeys(CHAIN, VENUE, block)
        told = [item.event for item in applied]
        yield block, [*view_rows.logged_rows(where, venue, book, applied), *view_rows.changed_rows(where, venue, book, told, latest)]


def _applied(row: dict[str, Any]) -> Applied:
    event = event_json.load(EVENT_TYPES, row["event"], row["payload"])
    if row["source"] != "log":
        return Applied(event, row["source"])
    block_hash, transaction = Hash32(row["block_hash"]), Hash32(row["transaction_hash"])
    return Applied(event, "log", RawLog(Address("0x"), (), b"", row["block_number"], block_hash, transaction, row["log_index"]))


def _fits(event: MarketNamed | CollateralDescribed, book: PerpBook) -> bool:
    if isinstance(event, MarketNamed):
        return event.base_token in book.markets
    return event.token in book.globals[PARAMETERS].collaterals


@pytest.mark.parametrize("table", TABLES)
def test_a_migrated_lake_holds_the_rows_of_a_fresh_one(migrated: Path, fresh: Path, table: str) -> None:
    lakes = []
    for directory in (migrated, fresh):
        with connect(LakePlace.at(directory).keeper) as lake:
            lakes.append(lake.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall())
    assert lakes[0] == lakes[1]
    assert len(lakes[0]) > 30


def _insert(lake: duckdb.DuckDBPyConnection, venue: str, block: int, event: str, payload: object, source: str = "log") -> None:
    values = [venue, block, f"0x{block}", source, event, json.dumps(payload)]
    lake.execute("INSERT INTO venue_events VALUES (10, $1, $2, $3, '2025-03-21', 0, $4, $5, NULL, '0xt', 1, $6)", values)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake of the version before, without rows."""
    with connect(LakePlace.at(tmp_path).keeper) as lake:
        migrate(lake, "x", migrations("keeper")[:7])
        yield lake


CONFIG = {"settlement_token": USDC, "settlement_decimals": 6, "config": []}
CHANGE = {"trader": ALICE, "base_token": ETH, "quote_token": QUOTE, "lower_tick": -60, "upper_tick": 60, "liquidity": 10**30}


def test_events_of_another_protocol_are_left_alone(old: duckdb.DuckDBPyConnection) -> None:
    """Whatever they are called: they may mean something else."""
    for venue in ("ours", "theirs"):
        _insert(old, venue, 2, "LiquidityChanged", CHANGE)
        _insert(old, venue, 2, "Deposited", {"collateral_token": WETH, "trader": ALICE, "amount": 5})
    _insert(old, "ours", 1, "ConfigRead", CONFIG, "snapshot")
    migrate(old, "x", migrations("keeper"))
    assert old.execute("SELECT venue, market, liquidity_raw FROM pool_ranges").fetchall() == [("ours", ETH, str(10**30))]
    assert old.execute("SELECT venue, kind, token, amount_raw, decimals FROM account_flows").fetchall() == [
        ("ours", "deposit", WETH, "5", None)
    ], "nothing ever described the token"


def test_a_state_is_told_where_it_changed_and_of_the_block_itself(old: duckdb.DuckDBPyConnection) -> None:
    _insert(old, "ours", 1, "ConfigRead", CONFIG, "snapshot")
    for block, tick, capacity in ((2, 5, 7), (3, 5, 7), (4, 6, 7), (5, 5, -8)):
        for source, ahead in (("refresh", 0), ("forecast", 100)):
            market = {"base_token": ETH, "sqrt_price_x96": 1, "tick": tick + ahead, "liquidity": 9}
            _insert(old, "ours", block, "MarketRead", market, source)
            _insert(old, "ours", block, "InsuranceFundRead", {"timestamp": 0, "capacity_raw": capacity}, source)
    _insert(old, "ours", 6, "MarketRead", {"base_token": ETH, "sqrt_price_x96": 0, "tick": 0, "liquidity": 0}, "refresh")
    migrate(old, "x", migrations("keeper"))
    states = old.execute("SELECT block_number, price FROM pool_states ORDER BY ALL").fetchall()
    assert states == [(2, price_at(5)), (4, price_at(6)), (5, price_at(5))], "a pool that did not answer has no state"
    funds = old.execute("SELECT block_number, capacity_raw, capacity_usd FROM insurance_funds ORDER BY ALL").fetchall()
    assert funds == [(2, "7", 7e-6), (5, "-8", -8e-6)]
