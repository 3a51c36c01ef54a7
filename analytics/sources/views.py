"""The temporary views an import reads from: the file as lines, and the Parquet files of its work folder."""

import json
from pathlib import Path

import duckdb

from analytics.sources.recording import Recording

_DOCUMENT_BYTES = 1 << 24
_LONGEST_LINE = 1 << 25
"""A Hyperliquid block of a cascade is a few MB on one line."""


def show_raw(connection: duckdb.DuckDBPyConnection, recording: Recording, folder: Path) -> None:
    """Create the temporary view `raw`: `line` from 1 and `content`, and for Parquet the file's columns too. Nothing is read yet."""
    if recording.sample.form == "parquet":
        source = _quoted(recording.path)
        query = f"SELECT row_number() OVER () AS line, to_json(row)::VARCHAR AS content, row.* FROM read_parquet({source}) AS row"  # noqa: S608 a quoted path
    else:
        source = _quoted(_one_line(recording, folder))
        query = f"""SELECT row_number() OVER () AS line, rtrim(content, chr(13)) AS content
            FROM read_csv({source}, columns = {{'content': 'VARCHAR'}}, header = false, delim = '\x01', quote = '', escape = '',
                          auto_detect = false, max_line_size = {_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE},
                          compression = '{"gzip" if recording.compressed else "none"}')"""  # noqa: S608 a quoted path and our own numbers
    connection.execute(f"CREATE OR REPLACE TEMP VIEW raw AS {query}")


def show_parquet(connection: duckdb.DuckDBPyConnection, name: str, parquet: Path) -> None:
    """Create the temporary view `name` over a Parquet file."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM read_parquet({_quoted(parquet)})")  # noqa: S608 a quoted path


def _one_line(recording: Recording, folder: Path) -> Path:
    """The file itself, or, for one JSON document spread over several lines, the same document on one line."""
    first = recording.sample.lines[0] if recording.sample.lines else ""
    if recording.sample.form != "frames" or _is_json(first) or recording.size > _DOCUMENT_BYTES or recording.compressed:
        return recording.path
    try:
        document = json.loads(recording.path.read_text("utf-8"))
    except ValueError:
        return recording.path
    compact = folder / "document.jsonl"
    compact.write_text(json.dumps(document), "utf-8")
    return compact


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
