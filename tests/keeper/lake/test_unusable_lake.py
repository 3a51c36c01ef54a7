"""A lake that cannot be used: one line that names the path and the mend, and nothing is harmed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.errors import ConfigError, StoreError
from keeper.lake.connection import connect
from keeper.lake.extensions import extension_file
from keeper.lake.faults import is_busy, store_error
from keeper.lake.options import LakeOptions
from keeper.lake.place import CatalogPlace
from tests.keeper.lake.one_chain import OneChain


def open_and_close(options: LakeOptions) -> None:
    """As a daemon would."""
    with OneChain(options, 1, ["perp_v2"]):
        pass


def test_a_file_that_is_no_database(options: LakeOptions, tmp_path: Path) -> None:
    """A text file where the catalog should be."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "catalog.sqlite").write_text("this is not a database, it is a letter to my aunt, long enough for a header")
    with pytest.raises(StoreError, match=r"catalog\.sqlite is no lake .*another directory"):
        open_and_close(options)


def test_somebody_elses_database_is_left_alone(options: LakeOptions, tmp_path: Path) -> None:
    """DuckLake would set up its tables inside any SQLite file."""
    (tmp_path / "lake").mkdir()
    with sqlite3.connect(tmp_path / "lake" / "catalog.sqlite") as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    with pytest.raises(StoreError, match="SQLite file of something else"):
        open_and_close(options)
    look = sqlite3.connect(tmp_path / "lake" / "catalog.sqlite")
    assert look.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]
    look.close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    """A file stands in the way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot open the lake .*file/lake/catalog\.sqlite"):
        open_and_close(LakeOptions.at(tmp_path / "file" / "lake"))


def test_a_catalog_that_another_program_holds(options: LakeOptions) -> None:
    """The commit is tried again until the limit, then the message says who is to blame; nothing was written by half."""
    catalog = options.place.keeper.catalog_file
    assert catalog is not None
    impatient = OneChain(replace(options, busy_s=0.2), 1, ["perp_v2"]).__enter__()
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold, catalog], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        impatient.block(BlockRef(1, Hash32("0x1"), Hash32("0x0"), Timestamp(1)), [])
        with pytest.raises(StoreError, match=r"catalog\.sqlite.*another program holds the catalog"):
            impatient.__exit__(None, None, None)
        other.kill()
    with OneChain(options, 1, ["perp_v2"]) as written:
        assert written.recovered("perp_v2", 5).cursor is None


def test_a_catalog_kind_we_do_not_have(tmp_path: Path) -> None:
    """A setting, so a ConfigError; the same for a kind whose extension is not installed."""
    with pytest.raises(ConfigError, match="unknown catalog kind 'mysql'"):
        connect(CatalogPlace(catalog="mysql:db=x", data_path=str(tmp_path)))
    with pytest.raises(ConfigError, match=r"needs the Python package duckdb-extension-from-nowhere==1\.5\.5"):
        extension_file("from_nowhere")


def test_a_password_in_the_catalog_is_not_told() -> None:
    """The lake's name goes into messages and logs."""
    assert "secret" not in CatalogPlace(catalog="postgres:dbname=lake password=secret", data_path="s3://bucket/").name


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ('IO Error: Could not write file "x": No space left on device', "the disk is full"),
        ("[Errno 27] File too large", "the disk is full"),
        ("[Errno 13] Permission denied: 'x'", "permissions"),
        ("attempt to write a readonly database", "permissions"),
        ("something new", "nothing was lost"),
    ],
)
def test_each_failure_has_its_mend(text: str, mend: str) -> None:
    """The library's own words stay in the message."""
    message = str(store_error("var/lake", "write", OSError(text)))
    assert "var/lake" in message
    assert mend in message
    assert text in message


def test_a_conflict_is_tried_again_and_a_full_disk_is_not() -> None:
    """Only what waiting can cure is worth waiting for."""
    assert is_busy(duckdb.TransactionException("Failed to commit: database is locked"))
    assert is_busy(duckdb.TransactionException('Transaction conflict - attempting to insert into table "x"'))
    assert not is_busy(duckdb.IOException("No space left on device"))
