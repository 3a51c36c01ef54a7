"""A lake on a database server and in an object store: a setting, and everything else is as in a directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest

from analytics.errors import LakeError
from analytics.lake import open_lake, open_market
from analytics.sealed import seal
from keeper.errors import ConfigError, StoreError
from keeper.lake.connection import connect, exists
from keeper.lake.extensions import extension_file
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from keeper.lake.upkeep import tidy_if_many
from tests.keeper.lake.conftest import CHAIN, Rows
from tests.keeper.lake.old_market import LIQUIDATION, market_is_old
from tests.keeper.lake.one_chain import OneChain
from tests.keeper.lake.servers import create_database, environment, object_store, postgres, postgres_programs, s3_python

pytestmark = pytest.mark.xdist_group("servers")  # each of them once

_BUCKET = "bucket"
_ROOT = Path(__file__).parents[3]
_numbers = count(1)
_NewCatalog = Callable[[], str]


@pytest.fixture(scope="module")
def new_catalog() -> Iterator[_NewCatalog]:
    """Makes settings of lake.catalog, each with an empty database of its own."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)")
    # Not below pytest's own folder: that is closed to the user PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="lake-postgres-") as directory, postgres(programs, Path(directory)) as address:

        def new() -> str:
            name = f"lake{next(_numbers)}"
            create_database(programs, address, name)
            return f"postgres:{address} dbname={name}"

        yield new


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that leads to an object store."""
    python = s3_python()
    if python is None:
        pytest.skip("the S3 server is not installed: `make extras` does it")
    with object_store(python, tmp_path_factory.mktemp("store"), _BUCKET) as values, environment(values):
        yield values


@pytest.fixture(params=["postgres", "s3", "postgres and s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> LakePlace:
    """A lake with nothing in it yet."""
    catalog = request.getfixturevalue("new_catalog")() if "postgres" in request.param else None
    data = f"s3://{_BUCKET}/{tmp_path.name}" if "s3" in request.param else None
    if data is not None:
        request.getfixturevalue("store")
    return LakePlace.at(tmp_path / "lake", catalog, data)


def _write(place: LakePlace, rows: Rows, blocks: range) -> None:
    options = LakeOptions(place=place, commit_every_s=0.0, upkeep_blocks=4, keep_snapshots_s=0)
    with OneChain(options, CHAIN, ["perp_v2"]) as recorder:
        assert recorder.problems == ()
        for number in blocks:
            recorder.block(rows.block(number), [rows.head(rows.block(number)), rows.event(rows.block(number))])
            recorder.flush()
        assert recorder.backlog().problem is None


def test_both_programs_write_and_read_it(place: LakePlace, rows: Rows) -> None:
    """Blocks, a reorg and a restart by the keeper; an import beside it; questions to both."""
    _write(place, rows, range(1, 7))
    with OneChain(LakeOptions(place=place), CHAIN, ["perp_v2"]) as recorder:
        cursor = recorder.recovered("perp_v2", 3).cursor
        assert cursor == rows.block(6)
        recorder.revert([rows.block(6)])
        recorder.block(rows.block(6, "b"), [rows.head(rows.block(6, "b"))])
        with open_market(place) as market:
            market.execute(LIQUIDATION.format(count=10))
    assert not market_is_old(place)
    assert not tidy_if_many(place.market)
    with open_lake(place) as lake:
        seal(lake, place)
        assert lake.execute("SELECT count(*), count(DISTINCT block_number) FROM blocks").fetchall() == [(6, 6)]
        assert lake.execute("SELECT count(*) FROM venue_events").fetchall() == [(5,)]
        assert lake.execute("SELECT count(*) FROM stg_market_liquidations").fetchall() == [(10,)]
        for statement in ("DELETE FROM blocks", "DELETE FROM market.liquidations"):
            with pytest.raises(duckdb.Error, match="read-only"):
                lake.execute(statement)
    with LakeReader(place.keeper, CHAIN) as reader:
        assert reader.rows("SELECT max(block_number) AS newest FROM blocks") == [{"newest": 6}]


def test_where_nothing_was_written_there_is_no_lake(new_catalog: _NewCatalog, tmp_path: Path) -> None:
    """Looking creates nothing."""
    place = LakePlace.at(tmp_path, new_catalog())
    for _ in range(2):
        assert not exists(place.keeper)
        with pytest.raises(LakeError, match="there is no lake at postgres catalog keeper"):
            open_lake(place)
        with pytest.raises(ConfigError, match="there is no lake at postgres catalog keeper"), LakeReader(place.keeper, CHAIN):
            pass


def test_the_environment_names_it_to_analytics_as_to_the_keeper(new_catalog: _NewCatalog, tmp_path: Path, rows: Rows) -> None:
    catalog = new_catalog()
    _write(LakePlace.at(tmp_path, catalog), rows, range(1, 3))
    values = {"PERP_KEEPER__LAKE__CATALOG": catalog, "PERP_KEEPER_LAKE": str(tmp_path)}
    command = [sys.executable, "-m", "analytics", "query", "--json", "SELECT max(block_number) AS head FROM blocks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | values, cwd=_ROOT)
    assert (json.loads(done.stdout), done.stderr, done.returncode) == ([{"head": 2}], "", 0)


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    for address in ("host=127.0.0.1 port=1 user=keeper password=hunter2", "postgresql://keeper:hunter2@127.0.0.1:1/lake"):
        with pytest.raises(StoreError, match="its server does not answer: look at it") as refusal:
            connect(LakePlace.at(tmp_path, f"postgres:{address}").keeper)
        assert "hunter2" not in str(refusal.value)


def test_a_schema_of_somebody_else_is_left_alone(new_catalog: _NewCatalog, tmp_path: Path) -> None:
    """DuckLake would set up its tables inside."""
    place = LakePlace.at(tmp_path, new_catalog())
    with connect(LakePlace.at(tmp_path / "scratch").keeper) as connection:
        address = place.keeper.catalog.partition(":")[2]
        assert not exists(place.keeper)
        connection.execute(f"LOAD '{extension_file('postgres_scanner')}'")
        connection.execute(f"ATTACH '{address}' AS other (TYPE postgres)")
        connection.execute("CREATE SCHEMA other.keeper")
        connection.execute("CREATE TABLE other.keeper.bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="a schema of something else, not a lake"):
        connect(place.keeper)
