"""Parquet files of the lake that are gone or damaged: what they held is given up, and what the chain can tell of it is fetched again.

Looked for when the recorder opens the lake, by existence, size, and the file's own footer. A broken file is taken out of the catalog. Where
it held what comes from the chain, all rows of these tables go too, cursors included, of the file's chains and from its first moment on:
recovery then closes the gap as after any other absence. The gap is noted in a file beside the catalog first, so that a kill in the middle
loses nothing. What was decided and measured at these blocks stays, but for the newest, which may be followed once more."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from keeper.errors import StoreError
from keeper.lake.connection import LAKE, connect
from keeper.lake.faults import translated
from keeper.lake.place import CatalogPlace
from keeper.lake.write_turn import write_turn

_FROM_CHAIN = ("cursors", "blocks", "late_blocks", "venue_events", "liquidations", "pool_ranges", "account_flows")
"""Tables recovery fills again; what came late it takes in with the blocks."""
_FOLLOWED_AGAIN = 1_000
"""Blocks below a chain's newest that recovery may leave to the follower: more than any usual finality depth."""
_LEDGER = "schema_migrations"
_METADATA = f"__ducklake_metadata_{LAKE}"


@dataclass(frozen=True, slots=True)
class Gap:
    """All that the chains with ids from `first_chain` to `last_chain` told since a moment (UTC). A moment, not a block: a merged file holds
    rows of several chains, and its lowest number is that of only one."""

    first_chain: int
    last_chain: int
    since: str


_EVERYTHING = Gap(0, 2**63 - 1, "-infinity")


@dataclass(frozen=True, slots=True)
class Extent:
    """What the catalog's statistics say a file holds rows of. The blocks are those of all its chains together."""

    gap: Gap
    first_block: int
    last_block: int

    def clause(self) -> str:
        """For a sentence about its rows."""
        if self.gap.first_chain == self.gap.last_chain:
            return f" of blocks {self.first_block} to {self.last_block} of chain {self.gap.first_chain}"
        return f" of chains {self.gap.first_chain} to {self.gap.last_chain} from {self.gap.since} on"


@dataclass(frozen=True, slots=True)
class Damage:
    """A data file that cannot be read, or whose delete file cannot: the table, how many rows and, where the catalog knows, which."""

    table: str
    file: Path
    file_id: int
    rows: int
    extent: Extent | None

    @property
    def gap(self) -> Gap:
        """What goes with it."""
        return _EVERYTHING if self.extent is None else self.extent.gap

    def sentence(self) -> str:
        """For the log: what is lost, and whether it comes back."""
        rows = "" if self.extent is None else self.extent.clause()
        fate = "they are fetched from the chain again" if self.table in _FROM_CHAIN else "they cannot be made again"
        return f"{self.file} is missing or damaged: {self.rows} rows of {self.table}{rows} are gone from the lake; {fate}"


def mend(place: CatalogPlace, followed_again: int = _FOLLOWED_AGAIN) -> tuple[str, ...]:
    """Give up what cannot be read. Returns a sentence for each file. Raises StoreError where the lake cannot go on without it."""
    catalog = place.catalog_file
    if catalog is None or not catalog.exists() or place.remote:
        return ()  # an object store looks after its own files
    note = Path(f"{catalog}.gaps")
    with translated(place.name, "mend"), write_turn(place):
        damages = _give_up_files(place, note)
        if note.exists():
            _give_up_rows(place, [Gap(**each) for each in json.loads(note.read_text())], followed_again)
            note.unlink()
    return tuple(each.sentence() for each in damages)


def settled_height(place: CatalogPlace, chain_id: int) -> int:
    """Rows of the chain's blocks up to this one are no leftovers, although its cursor may be below; -1 where it was never mended."""
    return _settled_heights(place).get(chain_id, -1)


def _settled_heights(place: CatalogPlace) -> Mapping[int, int]:
    file = _settled_note(place)
    texts = json.loads(file.read_text()) if file is not None and file.exists() else {}
    return {int(chain): height for chain, height in texts.items()}


def _settled_note(place: CatalogPlace) -> Path | None:
    return None if place.catalog_file is None else Path(f"{place.catalog_file}.settled")


def _write_note(file: Path, content: object) -> None:
    """All of it, or none: a kill leaves no half."""
    fresh = Path(f"{file}.new")
    fresh.write_text(json.dumps(content))
    fresh.replace(file)


def _give_up_files(place: CatalogPlace, note: Path) -> list[Damage]:
    with connect(place) as connection:
        damages = list(_damages(connection))
        ledger = next((each for each in damages if each.table == _LEDGER), None)
        if ledger is not None:
            raise StoreError(
                f"{ledger.file} is missing or damaged, and with it the lake's version: restore it from a backup, or move the lake away and "
                "make a new one with `keeper backfill`"
            )
        gaps = [asdict(each.gap) for each in damages if each.table in _FROM_CHAIN]
        if gaps:
            earlier = json.loads(note.read_text()) if note.exists() else []
            _write_note(note, earlier + gaps)
        if damages:
            _drop_from_catalog(connection, damages)
    return damages


def _give_up_rows(place: CatalogPlace, gaps: list[Gap], followed_again: int) -> None:
    with connect(place) as connection:
        _note_settled(place, connection, gaps, followed_again)
        connection.begin()
        # A lake that is not migrated yet lacks the newest tables.
        for table in sorted(_tables(connection).intersection(_FROM_CHAIN)):
            for gap in gaps:
                within = "chain_id BETWEEN $first_chain AND $last_chain AND block_time >= $since::TIMESTAMP"
                connection.execute(f"DELETE FROM {table} WHERE {within}", asdict(gap))  # noqa: S608 (names are our own)
        connection.commit()


def _note_settled(place: CatalogPlace, connection: duckdb.DuckDBPyConnection, gaps: list[Gap], followed_again: int) -> None:
    file = _settled_note(place)
    assert file is not None
    heights = dict(_settled_heights(place))
    for chain_id, newest in _newest(connection).items():
        if any(gap.first_chain <= chain_id <= gap.last_chain for gap in gaps):
            heights[chain_id] = max(newest - followed_again, heights.get(chain_id, -1))
    _write_note(file, heights)


def _newest(connection: duckdb.DuckDBPyConnection) -> Mapping[int, int]:
    """Each chain's highest block number in any table."""
    condition = "database_name = $lake AND schema_name = 'main' AND column_name = 'block_number'"
    names = connection.execute(f"SELECT table_name FROM duckdb_columns() WHERE {condition}", {"lake": LAKE}).fetchall()  # noqa: S608
    tables = [str(name) for (name,) in names]
    rows = " UNION ALL ".join(f"SELECT chain_id, block_number FROM {table}" for table in tables)  # noqa: S608 (names are our own)
    return dict(connection.execute(f"SELECT chain_id, max(block_number) FROM ({rows}) GROUP BY chain_id").fetchall())  # noqa: S608


def _damages(connection: duckdb.DuckDBPyConnection) -> Iterator[Damage]:
    tables = connection.execute(f"SELECT table_name FROM ducklake_table_info('{LAKE}') WHERE file_count > 0").fetchall()  # noqa: S608
    own = _tables(connection)
    for (table,) in tables:
        if table not in own:
            continue  # recordings of other venues: imported again by who has them
        listed = (
            f"SELECT data_file, data_file_size_bytes, delete_file, delete_file_size_bytes FROM ducklake_list_files('{LAKE}', '{table}')"  # noqa: S608
        )
        for file, size, delete_file, delete_size in connection.execute(listed).fetchall():
            if not _readable(Path(file), size) or (delete_file is not None and not _readable(Path(delete_file), delete_size)):
                yield _damage(connection, table, Path(file))


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall()}


def _readable(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size and pyarrow.parquet.read_metadata(file).num_rows >= 0
    except (OSError, pa.ArrowException):
        return False


def _damage(connection: duckdb.DuckDBPyConnection, table: str, file: Path) -> Damage:
    query = f"""
        SELECT
            f.data_file_id, f.record_count,
            max(s.min_value) FILTER (c.column_name = 'chain_id')::BIGINT,
            max(s.max_value) FILTER (c.column_name = 'chain_id')::BIGINT,
            max(s.min_value) FILTER (c.column_name = 'block_time'),
            max(s.min_value) FILTER (c.column_name = 'block_number')::BIGINT,
            max(s.max_value) FILTER (c.column_name = 'block_number')::BIGINT
        FROM {_METADATA}.ducklake_data_file f
        LEFT JOIN {_METADATA}.ducklake_file_column_stats s ON s.data_file_id = f.data_file_id
        LEFT JOIN {_METADATA}.ducklake_column c ON c.table_id = f.table_id AND c.column_id = s.column_id AND c.end_snapshot IS NULL
        WHERE f.end_snapshot IS NULL AND (f.path = $name OR ends_with(f.path, '/' || $name))
        GROUP BY ALL
    """  # noqa: S608 (the name is our own)
    ((file_id, rows, *extent),) = connection.execute(query, {"name": file.name}).fetchall()
    if None in extent:
        return Damage(table, file, file_id, rows, None)
    first_chain, last_chain, since, first_block, last_block = extent
    return Damage(table, file, file_id, rows, Extent(Gap(first_chain, last_chain, since), first_block, last_block))


def _drop_from_catalog(connection: duckdb.DuckDBPyConnection, damages: list[Damage]) -> None:
    """DuckLake can delete rows only of files it can read, so this is done in its own tables."""
    connection.begin()
    for each in damages:
        values = {"id": each.file_id, "rows": each.rows}
        connection.execute(
            f"UPDATE {_METADATA}.ducklake_table_stats SET record_count = record_count - $rows "  # noqa: S608
            f"WHERE table_id = (SELECT table_id FROM {_METADATA}.ducklake_data_file WHERE data_file_id = $id)",
            values,
        )
        for table in ("ducklake_delete_file", "ducklake_file_column_stats", "ducklake_data_file"):
            connection.execute(f"DELETE FROM {_METADATA}.{table} WHERE data_file_id = $id", {"id": each.file_id})  # noqa: S608
    connection.commit()
