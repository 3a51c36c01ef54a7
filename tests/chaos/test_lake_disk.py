"""A full disk stops the recorder with a clear word; what was committed stays, and with room again it goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from analytics.lake import open_lake
from tests.chaos.lake_programs import WHOLE, is_whole, write

_REPOSITORY = Path(__file__).parents[2]

_LIMITED = """
import resource, sys
from pathlib import Path
from keeper.errors import StoreError
from tests.chaos.lake_programs import write
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    write(Path(sys.argv[1]), 100_000)
except StoreError as error:
    print("stopped:", error)
"""


@pytest.mark.chaos
@pytest.mark.slow
def test_a_full_disk_stops_the_recorder_and_loses_nothing_committed(tmp_path: Path) -> None:
    """The system refuses to let any file grow beyond the size the catalog has: its write-ahead log is the first to meet it."""
    write(tmp_path, 3)
    limit = (tmp_path / "catalog.sqlite").stat().st_size
    command = [sys.executable, "-c", _LIMITED, str(tmp_path), str(limit)]
    writer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=_REPOSITORY)
    assert "stopped: cannot" in writer.stdout, writer.stdout + writer.stderr
    assert str(tmp_path / "catalog.sqlite") in writer.stdout
    assert "free some space" in writer.stdout
    with open_lake(tmp_path) as lake:
        before = lake.execute(WHOLE).fetchall()[0]
    assert is_whole(before)
    assert before[0] > 3
    write(tmp_path, 4)
    with open_lake(tmp_path) as lake:
        after = lake.execute(WHOLE).fetchall()[0]
    assert is_whole(after)
    assert after[0] == before[0] + 4
