"""Parquet files of the lake that are gone or damaged: what they held is given up, and what the chain can tell of it is fetched again.

Looked for when the recorder opens the lake, by existence, size, and the file's own footer. A broken file is taken out of the catalog. Where
it held what comes from the chain, all rows of these tables from its lowest block on go too, cursors included: recovery then closes the gap
as after any other absence. The lowest block is noted in a file beside the catalog first, so that a kill in the middle loses nothing. What
was decided and measured at these blocks stays, but for the newest, which may be followed once more."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from keeper.errors import StoreError
from keeper.lake.connection import LAKE, connect
from keeper.lake.faults import translated
from keeper.lake.place import CatalogPlace
from keeper.lake.write_turn import write_turn

_FROM_CHAIN = ("cursors", "blocks", "venue_events", "liquidations", "pool_ranges", "account_flows")
"""Tables recovery fills again."""
_FOLLOWED_AGAIN = 1_000
"""Blocks below the lake's newest that recovery may leave to the follower: more than any usual finality depth."""
_LEDGER = "schema_migrations"
_METADATA = f"__ducklake_metadata_{LAKE}"


@dataclass(frozen=True, slots=True)
class Damage:
    """A data file that cannot be read, or whose delete file cannot: the table, how many rows and, where the catalog knows, which blocks."""

    table: str
    file: Path
    file_id: int
    rows: int
    first_block: int | None
    last_block: int | None

    def sentence(self) -> str:
        """For the log: what is lost, and whether it comes back."""
        blocks = "" if self.first_block is None else f" of blocks {self.first_block} to {self.last_block}"
        fate = "they are fetched from the chain again" if self.table in _FROM_CHAIN else "they cannot be made again"
        return f"{self.file} is missing or damaged: {self.rows} rows of {self.table}{blocks} are gone from the lake; {fate}"


def mend(place: CatalogPlace, followed_again: int = _FOLLOWED_AGAIN) -> tuple[str, ...]:
    """Give up what cannot be read. Returns a sentence for each file. Raises StoreError where the lake cannot go on without it."""
    catalog = place.catalog_file
    if catalog is None or not catalog.exists() or place.remote:
        return ()  # an object store looks after its own files
    note = Path(f"{catalog}.refetch")
    with translated(place.name, "mend"), write_turn(place):
        damages = _give_up_files(place, note, followed_again)
        if note.exists():
            _give_up_blocks(place, int(note.read_text()))
            note.unlink()
    return tuple(each.sentence() for each in damages)


def kept_up_to(place: CatalogPlace) -> int:
    """Rows of blocks up to this one are no leftovers, although the cursor may be below it; -1 in a lake that was never mended."""
    file = _kept_note(place)
    return int(file.read_text()) if file is not None and file.exists() else -1


def _kept_note(place: CatalogPlace) -> Path | None:
    return None if place.catalog_file is None else Path(f"{place.catalog_file}.kept")


def _give_up_files(place: CatalogPlace, note: Path, followed_again: int) -> list[Damage]:
    with connect(place) as connection:
        damages = list(_damages(connection))
        ledger = next((each for each in damages if each.table == _LEDGER), None)
        if ledger is not None:
            raise StoreError(
                f"{ledger.file} is missing or damaged, and with it the lake's version: restore it from a backup, or move the lake away and "
                "make a new one with `keeper backfill`"
            )
        lowest = [each.first_block or 0 for each in damages if each.table in _FROM_CHAIN]
        if note.exists():
            lowest.append(int(note.read_text()))
        if lowest:
            _note_kept(place, connection, followed_again)
            note.write_text(str(min(lowest)))
        if damages:
            _drop_from_catalog(connection, damages)
    return damages


def _note_kept(place: CatalogPlace, connection: duckdb.DuckDBPyConnection, followed_again: int) -> None:
    file = _kept_note(place)
    # From the catalog's statistics: the files themselves may be what is missing.
    newest = f"""
        SELECT coalesce(max(s.max_value::BIGINT), 0) FROM {_METADATA}.ducklake_file_column_stats s
        JOIN {_METADATA}.ducklake_data_file f USING (data_file_id)
        JOIN {_METADATA}.ducklake_column c ON c.table_id = s.table_id AND c.column_id = s.column_id AND c.column_name = 'block_number'
        WHERE f.end_snapshot IS NULL
    """  # noqa: S608 (the name is our own)
    ((number,),) = connection.execute(newest).fetchall()
    if file is not None:
        file.write_text(str(max(number - followed_again, kept_up_to(place))))


def _give_up_blocks(place: CatalogPlace, lowest: int) -> None:
    with connect(place) as connection:
        connection.begin()
        # A lake that is not migrated yet lacks the newest tables.
        for table in sorted(_tables(connection).intersection(_FROM_CHAIN)):
            connection.execute(f"DELETE FROM {table} WHERE block_number >= $lowest", {"lowest": lowest})  # noqa: S608 (names are our own)
        connection.commit()


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
        SELECT f.data_file_id, f.record_count, s.min_value::BIGINT, s.max_value::BIGINT
        FROM {_METADATA}.ducklake_data_file f
        LEFT JOIN {_METADATA}.ducklake_column c
            ON c.table_id = f.table_id AND c.column_name = 'block_number' AND c.end_snapshot IS NULL
        LEFT JOIN {_METADATA}.ducklake_file_column_stats s ON s.data_file_id = f.data_file_id AND s.column_id = c.column_id
        WHERE f.end_snapshot IS NULL AND (f.path = $name OR ends_with(f.path, '/' || $name))
    """  # noqa: S608 (the name is our own)
    ((file_id, rows, first, last),) = connection.execute(query, {"name": file.name}).fetchall()
    return Damage(table, file, file_id, rows, first, last)


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
