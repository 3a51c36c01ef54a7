"""What DuckDB, DuckLake, SQLite and the file system say about a lake that cannot be used, and what we call it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from keeper.errors import StoreError

_BUSY = re.compile(r"database is locked|transaction conflict|conflicts? with|could not serialize|deadlock", re.IGNORECASE)

_PASSWORD = re.compile(r"(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s\"';)]+)|(//[^:/@\s]*:)[^@\s]+(?=@)", re.IGNORECASE)

_MENDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"unable to connect to postgres|server closed the connection|terminating connection", re.IGNORECASE),
        "its server does not answer: look at it, at lake.catalog and at PGPASSWORD",
    ),
    (
        re.compile(r"s3://|could not connect to server|could not establish connection|http error", re.IGNORECASE),
        "its store does not answer or refuses: look at lake.data and at the environment's AWS_ENDPOINT_URL, AWS_REGION and keys",
    ),
    (
        re.compile(r"no space left|disk is full|file too large|disk quota|disk i/o error", re.IGNORECASE),
        "the disk is full or failing: free some space, or look into the system's log",
    ),
    (
        re.compile(r"\.parquet.*no such file|(no magic bytes|too small|corrupt|deserialize|thrift|snappy).*\.parquet", re.IGNORECASE),
        "a file of it is missing or damaged: start `keeper run` or `keeper backfill`, which fetch its blocks from the chain again "
        "(delete a file that is damaged inside first)",
    ),
    (
        re.compile(r"read-?only|permission denied|unable to open database file|cannot open file", re.IGNORECASE),
        "it cannot be written: check the directory's owner, its permissions and that it is not mounted read-only",
    ),
    (
        re.compile(r"file is not a database|not a ducklake|malformed", re.IGNORECASE),
        "the catalog is no lake or is damaged: name another directory, or restore the catalog from a backup",
    ),
    (_BUSY, "another program holds the catalog: end it"),
)


def is_busy(error: duckdb.Error) -> bool:
    """Somebody else was writing: the same transaction may succeed when tried again. DuckDB tells this in words only."""
    return _BUSY.search(str(error)) is not None


def store_error(lake: str, doing: str, error: Exception) -> StoreError:
    """One line: what was being done, to which lake, what to do about it, and the library's own words."""
    text = without_password(" ".join(str(error).split())) or type(error).__name__
    mend = next((mend for pattern, mend in _MENDS if pattern.search(text)), "nothing was lost up to the last commit")
    return StoreError(f"cannot {doing} the lake {lake}: {mend} ({text})")


def without_password(text: str) -> str:
    """The text without the passwords of connection strings in it."""
    return _PASSWORD.sub(lambda match: f"{match[1] or match[3]}...", text)


@contextmanager
def translated(lake: str, doing: str) -> Iterator[None]:
    """Turns everything the libraries raise inside into StoreError."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise store_error(lake, doing, error) from error
