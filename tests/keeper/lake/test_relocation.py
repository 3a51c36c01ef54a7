"""Market tables of a lake of before move out of the keeper's catalog: once, whole, whoever writes first, and whatever interrupts it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.errors import LakeError
from analytics.lake import open_lake, open_market
from keeper.lake.connection import LAKE, MARKET, attach, unattached
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from keeper.lake.relocation import relocate
from tests.keeper.lake.conftest import CHAIN, Rows
from tests.keeper.lake.old_market import BOOK, LIQUIDATION, market_is_old, write_old_market
from tests.keeper.lake.one_chain import OneChain

_ROWS = "SELECT * FROM market.liquidations ORDER BY ALL", "FROM market.book_snapshots", "SELECT count(*) FROM blocks"
_Answers = list[list[tuple[Any, ...]]]


def _open_recorder(directory: Path) -> None:
    with OneChain(LakeOptions.at(directory), CHAIN, ["perp_v2"]) as recorder:
        assert recorder.problems == ()


def _open_import(directory: Path) -> None:
    open_market(directory).close()


@pytest.fixture
def old(tmp_path: Path, rows: Rows) -> Path:
    """A keeper's lake with imported rows in its own catalog."""
    directory = tmp_path / "lake"
    with OneChain(LakeOptions.at(directory), CHAIN, ["perp_v2"]) as recorder:
        recorder.block(rows.block(1), [rows.head(rows.block(1))])
    write_old_market(directory, LIQUIDATION.format(count=1_000), "DELETE FROM market.liquidations WHERE event_id = '7'", BOOK)
    return directory


def _answers(directory: Path) -> _Answers:
    with open_lake(directory) as lake:
        return [lake.execute(query).fetchall() for query in _ROWS]


@pytest.mark.parametrize("opening", [_open_recorder, _open_import])
def test_the_first_writer_moves_them_and_every_answer_stays(old: Path, opening: Callable[[Path], None]) -> None:
    before = _answers(old)
    assert [len(rows) for rows in before] == [999, 1, 1]
    assert market_is_old(LakePlace.at(old))
    for _ in range(2):
        opening(old)
        assert not market_is_old(LakePlace.at(old))
        assert _answers(old) == before


def test_a_lake_of_today_is_left_alone(tmp_path: Path) -> None:
    assert not market_is_old(LakePlace.at(tmp_path))
    _open_recorder(tmp_path)
    assert not market_is_old(LakePlace.at(tmp_path))
    assert not (tmp_path / "market.sqlite").exists()


def test_between_copy_and_drop_readers_see_every_row_once_and_the_next_run_ends_it(old: Path) -> None:
    """The state a kill leaves: both catalogs have the tables."""
    before = _answers(old)
    kept = shutil.copytree(old, old.parent / "kept")
    relocate(LakePlace.at(old))
    for name in ("catalog.sqlite", "data"):
        _replace(old / name, kept / name)
    assert market_is_old(LakePlace.at(old))
    assert _answers(old) == before
    _open_import(old)
    assert not market_is_old(LakePlace.at(old))
    assert _answers(old) == before


def test_an_older_version_that_imports_again_loses_nothing(old: Path) -> None:
    """It creates its tables anew where they were; its rows join those that moved."""
    _open_import(old)
    write_old_market(old, LIQUIDATION.format(count=1_001))
    _open_import(old)
    assert [len(rows) for rows in _answers(old)] == [1_001, 1, 1]


def test_no_import_moves_tables_under_a_running_keeper(old: Path) -> None:
    """Only a keeper of an older version can be running then: today's has moved them at its start."""
    with OneChain(LakeOptions.at(old), CHAIN, ["perp_v2"]):
        with unattached() as older:
            attach(older, LakePlace.at(old).keeper, LAKE, read_only=False)
            older.execute(f"CREATE SCHEMA {LAKE}.{MARKET}")
        with pytest.raises(LakeError, match="another keeper is writing the lake"):
            open_market(old)
    _open_import(old)


def test_a_keeper_starts_although_they_cannot_be_moved(old: Path) -> None:
    """It needs none of them. What is wrong is told, and nothing is lost."""
    for file in (old / "data" / "market" / "liquidations").iterdir():
        file.unlink()
    with OneChain(LakeOptions.at(old), CHAIN, ["perp_v2"]) as recorder:
        (problem,) = recorder.problems
    assert "cannot move the market's tables out of the lake" in problem
    with open_lake(old) as lake, pytest.raises(duckdb.Error):
        lake.execute("FROM market.liquidations")
    assert market_is_old(LakePlace.at(old))


def _replace(target: Path, source: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target)
        shutil.copytree(source, target)
        return
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copy(source, target)
