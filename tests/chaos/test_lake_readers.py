"""Readers beside the writer: never an error, never half a block, through reorgs and upkeep; and the lake's daemon keeps its pace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.lake_programs import write

_REPOSITORY = Path(__file__).parents[2]


def program(*arguments: str | Path) -> subprocess.Popen[str]:
    """One of the programs of lake_programs."""
    command = [sys.executable, "-m", "tests.chaos.lake_programs", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_REPOSITORY)


@pytest.mark.chaos
@pytest.mark.slow
def test_two_hammering_readers_see_whole_blocks_only(tmp_path: Path) -> None:
    """Other processes, each question a transaction, each tenth on a new connection."""
    write(tmp_path, 3)
    with program("write", tmp_path) as writer, program("read", tmp_path, "8") as first, program("read", tmp_path, "8") as second:
        outputs = [reader.communicate(timeout=120) for reader in (first, second)]
        alive = writer.poll() is None
        writer.kill()
    assert alive, "the writer ended"
    for out, err in outputs:
        questions, torn, errors = out.splitlines()
        assert (torn, errors, err) == ("0", "[]", "")
        assert int(questions) >= 10
