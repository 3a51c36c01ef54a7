"""kill -9 of the writer at random moments: what the cursor says is there, once, and the next writer goes on from it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from analytics.lake import open_lake
from tests.chaos.lake_programs import WHOLE, is_whole, write
from tests.chaos.test_lake_readers import program


@pytest.mark.chaos
@pytest.mark.slow
def test_a_killed_writer_leaves_whole_blocks_and_its_successor_goes_on(tmp_path: Path) -> None:
    """Also during a reorg's transaction and during upkeep, which this writer does every 15 blocks."""
    moments = random.Random(2)
    write(tmp_path, 3)
    cursors = []
    for _ in range(6):
        with program("write", tmp_path) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0.05, 1.5))
            assert writer.poll() is None, writer.stderr and writer.stderr.read()
            writer.kill()
        with open_lake(tmp_path) as lake:
            answer = lake.execute(WHOLE).fetchall()[0]
        assert is_whole(answer), answer
        cursors.append(answer[0])
    assert cursors[-1] > 3, "nothing was written between the kills"
    write(tmp_path, 4)
    with open_lake(tmp_path) as lake:
        assert is_whole(lake.execute(WHOLE).fetchall()[0])
