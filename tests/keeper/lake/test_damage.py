"""A data file that is gone or damaged costs what only it held; what the chain can tell is asked for again from its lowest block on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keeper.errors import StoreError
from keeper.lake.connection import connect
from keeper.lake.damage import mend
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.reader import LakeReader
from tests.keeper.lake.conftest import CHAIN, Rows
from tests.keeper.lake.one_chain import OneChain

_Ask = Callable[[str], list[tuple[Any, ...]]]
_COUNTS = (
    "SELECT (SELECT count(*) FROM cursors), (SELECT count(*) FROM blocks), "
    "(SELECT count(*) FROM venue_events), (SELECT count(*) FROM decisions)"
)


@pytest.fixture
def lake(options: LakeOptions, rows: Rows) -> LakeOptions:
    """Ten blocks, each a commit of its own."""
    with OneChain(options, CHAIN, ["perp_v2"]) as recorder:
        for number in range(1, 11):
            block = rows.block(number)
            recorder.block(block, [rows.head(block), rows.event(block), rows.decision(block)])
            recorder.flush()
    return options


def _files(options: LakeOptions, table: str) -> list[Path]:
    """In the order of writing."""
    with connect(options.place.keeper) as connection:
        listed = connection.execute(f"SELECT data_file FROM ducklake_list_files('lake', '{table}')").fetchall()
    return sorted(Path(file) for (file,) in listed)


def _delete(file: Path) -> None:
    file.unlink()


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


def _overwrite(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.mark.parametrize(("table", "harm"), [("cursors", _delete), ("blocks", _truncate), ("venue_events", _overwrite)])
def test_what_comes_from_the_chain_is_given_up_from_the_lowest_lost_block_on(
    lake: LakeOptions, ask: _Ask, table: str, harm: Callable[[Path], None]
) -> None:
    harm(_files(lake, table)[6])
    (sentence,) = mend(lake.place.keeper, followed_again=2)
    with OneChain(lake, CHAIN, ["perp_v2"]) as recorder:
        found = recorder.recovered("perp_v2", 3)
    assert f"1 rows of {table} of blocks 7 to 7 are gone from the lake; they are fetched from the chain again" in sentence
    assert found.cursor is not None
    assert found.cursor.number == 6
    assert ask(_COUNTS) == [(6, 6, 6, 8)], "decisions are nobody's but ours, and stay, but for the newest"
    assert mend(lake.place.keeper) == ()


def test_what_cannot_be_made_again_is_lost_alone(lake: LakeOptions, ask: _Ask) -> None:
    _delete(_files(lake, "decisions")[2])
    with OneChain(lake, CHAIN, ["perp_v2"]) as recorder:
        (sentence,) = recorder.problems
    assert "1 rows of decisions of blocks 3 to 3 are gone from the lake; they cannot be made again" in sentence
    assert ask(_COUNTS) == [(10, 10, 10, 9)]


def test_all_of_history_may_go(lake: LakeOptions, ask: _Ask) -> None:
    for file in _files(lake, "venue_events"):
        _delete(file)
    with OneChain(lake, CHAIN, ["perp_v2"]) as recorder:
        assert recorder.recovered("perp_v2", 3).cursor is None
    assert ask(_COUNTS) == [(0, 0, 0, 0)]


def test_a_lake_that_is_not_migrated_yet_is_mended_too(options: LakeOptions, ask: _Ask) -> None:
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", migrations("keeper")[:1])
        for number in (1, 2):
            connection.execute(f"INSERT INTO cursors VALUES (1, 'perp_v2', {number}, '0x{number}', '0x', TIMESTAMP '2023-11-14', '0')")
    _delete(_files(options, "cursors")[1])
    assert len(mend(options.place.keeper)) == 1
    assert ask("SELECT block_number FROM cursors") == [(1,)]


def test_a_kill_between_the_two_steps_loses_nothing(lake: LakeOptions, ask: _Ask) -> None:
    """The file is out of the catalog, the rows of its blocks are not away yet: the note tells the next start."""
    Path(f"{lake.place.keeper.catalog_file}.refetch").write_text("5")
    with OneChain(lake, CHAIN, ["perp_v2"]):
        pass
    assert ask(_COUNTS) == [(4, 4, 4, 4)]
    assert not Path(f"{lake.place.keeper.catalog_file}.refetch").exists()


def test_without_its_own_version_a_lake_is_not_opened(lake: LakeOptions) -> None:
    _delete(_files(lake, "schema_migrations")[0])
    with pytest.raises(StoreError, match=r"schema_migrations/.*parquet is missing or damaged.*restore it from a backup"):
        mend(lake.place.keeper)


def test_a_reader_is_told_the_file_and_the_mend(lake: LakeOptions) -> None:
    file = _files(lake, "venue_events")[0]
    _delete(file)
    with (
        LakeReader(lake.place.keeper, CHAIN) as reader,
        pytest.raises(StoreError, match=r"a file of it is missing or damaged.*start `keeper run`") as told,
    ):
        reader.rows("SELECT * FROM venue_events")
    assert file.name in str(told.value)
