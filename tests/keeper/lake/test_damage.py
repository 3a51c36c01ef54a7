"""A data file that is gone or damaged costs what only it held; what the chain can tell is asked for again from its lowest block on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.records import Record
from keeper.errors import StoreError
from keeper.lake.connection import connect
from keeper.lake.damage import mend
from keeper.lake.migrations import migrate, migrations
from keeper.lake.options import LakeOptions
from keeper.lake.reader import LakeReader
from keeper.lake.recorder import Recorder
from keeper.lake.upkeep import tidy
from tests.keeper.lake.conftest import CHAIN, Rows
from tests.keeper.lake.one_chain import OneChain

_Ask = Callable[[str], list[tuple[Any, ...]]]
OTHER = 10
_HIGHER = 1_000_000
"""What block numbers of the other chain are larger by, at the same times."""
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


def _write(recorder: Recorder, rows: Rows, numbers: Iterable[int]) -> None:
    """Blocks of both chains, minted at the same times and numbered far apart, each a commit of its own."""
    for number in numbers:
        block = rows.block(number)
        twin = replace(block, number=_HIGHER + number)
        recorder.chain(CHAIN).block(block, [rows.head(block), rows.event(block), rows.decision(block)])
        of_twin: list[Record] = [rows.head(twin), rows.event(twin), rows.decision(twin)]
        recorder.chain(OTHER).block(twin, [replace(row, chain_id=OTHER) for row in of_twin])
        recorder.flush()


def _two_chains(options: LakeOptions) -> Recorder:
    return Recorder(options, {CHAIN: ["perp_v2"], OTHER: ["perp_v2"]})


def _files(options: LakeOptions, table: str, holding: str = "true") -> list[Path]:
    """Those with a row `holding` this, in the order of writing."""
    with connect(options.place.keeper) as connection:
        listed = connection.execute(f"SELECT DISTINCT filename FROM {table} WHERE {holding}").fetchall()
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
    assert f"1 rows of {table} of blocks 7 to 7 of chain 31337 are gone from the lake; they are fetched from the chain again" in sentence
    assert found.cursor is not None
    assert found.cursor.number == 6
    assert ask(_COUNTS) == [(6, 6, 6, 8)], "decisions are nobody's but ours, and stay, but for the newest"
    assert mend(lake.place.keeper) == ()


def test_what_cannot_be_made_again_is_lost_alone(lake: LakeOptions, ask: _Ask) -> None:
    _delete(_files(lake, "decisions")[2])
    with OneChain(lake, CHAIN, ["perp_v2"]) as recorder:
        (sentence,) = recorder.problems
    assert "1 rows of decisions of blocks 3 to 3 of chain 31337 are gone from the lake; they cannot be made again" in sentence
    assert ask(_COUNTS) == [(10, 10, 10, 9)]


def test_all_of_history_may_go(lake: LakeOptions, ask: _Ask) -> None:
    for file in _files(lake, "venue_events"):
        _delete(file)
    with OneChain(lake, CHAIN, ["perp_v2"]) as recorder:
        assert recorder.recovered("perp_v2", 3).cursor is None
    assert ask(_COUNTS) == [(0, 0, 0, 0)]


def test_damage_in_one_chains_rows_costs_the_other_chain_nothing(options: LakeOptions, rows: Rows, ask: _Ask) -> None:
    with _two_chains(options) as recorder:
        _write(recorder, rows, range(1, 11))
    (file,) = _files(options, "venue_events", "chain_id = 10 AND block_number = 1000007")
    _delete(file)
    (sentence,) = mend(options.place.keeper)
    assert "1 rows of venue_events of blocks 1000007 to 1000007 of chain 10 are gone from the lake" in sentence
    with _two_chains(options) as recorder:
        cursors = [recorder.chain(chain).recovered("perp_v2", 3).cursor for chain in (CHAIN, OTHER)]
    assert [cursor.number for cursor in cursors if cursor is not None] == [10, _HIGHER + 6]
    assert ask("SELECT chain_id, count(*) FROM venue_events GROUP BY ALL ORDER BY ALL") == [(OTHER, 6), (CHAIN, 10)]


def test_a_merged_file_takes_each_chain_back_to_its_first_moment(options: LakeOptions, rows: Rows, ask: _Ask) -> None:
    """The lowest number of one chain says nothing about the other."""
    with _two_chains(options) as recorder:
        _write(recorder, rows, range(6, 11))
    tidy(options.place.keeper, 3600, 1)
    with _two_chains(options) as recorder:
        _write(recorder, rows, range(1, 6))
    (merged,) = _files(options, "blocks", "block_number = 7")
    _delete(merged)
    (sentence,) = mend(options.place.keeper)
    assert "10 rows of blocks of chains 10 to 31337 from 2023-11-14 22:13:32 on are gone from the lake" in sentence
    assert ask("SELECT chain_id, max(block_number), count(*) FROM cursors GROUP BY ALL ORDER BY ALL") == [
        (OTHER, _HIGHER + 5, 5), (CHAIN, 5, 5),
    ]  # fmt: skip


def test_rows_kept_beyond_one_chains_cursor_keep_none_of_the_others(options: LakeOptions, rows: Rows, ask: _Ask) -> None:
    """Decisions above the cursor stay where the lake was mended; on the other chain they are leftovers of a block that comes again."""
    with _two_chains(options) as recorder:
        _write(recorder, rows, range(1, 11))
        recorder.chain(CHAIN).append([rows.decision(rows.block(11))])
    (file,) = _files(options, "venue_events", "chain_id = 10 AND block_number = 1000005")
    _delete(file)
    mend(options.place.keeper, followed_again=2)
    with _two_chains(options):
        pass
    assert ask("SELECT chain_id, max(block_number) FROM decisions GROUP BY ALL ORDER BY ALL") == [(OTHER, _HIGHER + 8), (CHAIN, 10)]


def test_a_damaged_lake_of_an_earlier_version_is_mended_too(lake: LakeOptions, ask: _Ask) -> None:
    """It is looked at before it is brought to this version, and lacks the newest tables."""
    with connect(lake.place.keeper) as connection:
        connection.execute("DROP TABLE late_blocks")
    _delete(_files(lake, "venue_events")[6])
    mend(lake.place.keeper)
    assert ask("SELECT max(block_number) FROM cursors") == [(6,)]


def test_a_lake_that_is_not_migrated_yet_is_mended_too(options: LakeOptions, ask: _Ask) -> None:
    with connect(options.place.keeper) as connection:
        migrate(connection, "x", migrations("keeper")[:1])
        for number in (1, 2):
            connection.execute(
                f"INSERT INTO cursors VALUES (1, 'perp_v2', {number}, '0x{number}', '0x', TIMESTAMP '2023-11-14 00:00:0{number}', '0')"
            )
    _delete(_files(options, "cursors")[1])
    assert len(mend(options.place.keeper)) == 1
    assert ask("SELECT block_number FROM cursors") == [(1,)]


def test_a_kill_between_the_two_steps_loses_nothing(lake: LakeOptions, ask: _Ask) -> None:
    """The file is out of the catalog, the rows of its blocks are not away yet: the note tells the next start."""
    note = Path(f"{lake.place.keeper.catalog_file}.gaps")
    note.write_text(json.dumps([{"first_chain": CHAIN, "last_chain": CHAIN, "since": "2023-11-14 22:13:30"}]))
    with OneChain(lake, CHAIN, ["perp_v2"]):
        pass
    assert ask(_COUNTS) == [(4, 4, 4, 4)]
    assert not note.exists()


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
