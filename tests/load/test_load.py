"""The parts of `make load`: recordings that import takes whole, programs that stand still when they are told to, commits out of the log."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from analytics.lake import open_market
from analytics.sources import Silent, detect_kind, import_files
from tests.load.burden import Burden
from tests.load.figures import Commit, commits
from tests.load.recordings import KIND, write_trades


def test_the_recordings_are_what_import_takes_and_of_no_row_twice(tmp_path: Path) -> None:
    paths = write_trades(tmp_path / "recordings", 301, 3)
    assert {detect_kind(path) for path in paths} == {KIND}
    with open_market(tmp_path / "lake") as market:
        report = import_files(market, KIND, paths, Silent())
        assert market.execute("SELECT count(*), count(DISTINCT trade_id), count(DISTINCT market) FROM trades").fetchall() == [(301, 301, 2)]
    assert (report.rows, report.rejects, report.duplicates) == (301, 0, 0)


@pytest.mark.slow
def test_the_programs_stand_still_while_they_are_frozen_and_end(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        burden = Burden(write_trades(tmp_path / "recordings", 100, 1), tmp_path / "lake", log)
        try:
            burden.thaw()
            burden.freeze()
            assert burden.seconds.keys() == {"import"}
            time.sleep(3)
            assert not (tmp_path / "lake").exists()
            burden.thaw()
            for _ in range(600):
                burden.turn()
                time.sleep(0.1)
                if burden.over:
                    break
        finally:
            burden.close()
    assert burden.over
    assert burden.failures == []
    assert burden.seconds.keys() == {"import", "compaction"}
    assert len(burden.spans) == 3


def test_commits_with_rows_are_read_out_of_the_log(tmp_path: Path) -> None:
    line = {"event": "commit", "chain": "devnet", "rows": 3, "seconds": 0.25, "timestamp": "1970-01-01T00:01:00.500000Z"}
    lines = ["not JSON", json.dumps(line), json.dumps({**line, "rows": 0}), json.dumps({"event": "block"})]
    (tmp_path / "log").write_text("\n".join(lines))
    assert commits(tmp_path / "log") == [Commit(60.5, 0.25)]
