"""What is read of a running keeper."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from contracts.demo.programs import Keeper

_METRICS = b"""# HELP keeper_head_block Newest block processed
keeper_head_block{chain="devnet"} 7.0
keeper_head_block{chain="other"} 9.0
keeper_outcomes_total{chain="other",outcome="included"} 3.0
keeper_commit_wait_seconds_count 5.0
"""


class _Status(BaseHTTPRequestHandler):
    """Answers everything with the same metrics, and says nothing."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(_METRICS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # http.server's own name
        pass


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    """As far as its status is concerned."""
    with HTTPServer(("127.0.0.1", 0), _Status) as server, subprocess.Popen([sys.executable, "-c", ""]) as process:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield Keeper(process, tmp_path / "keeper.log", server.server_port)
        server.shutdown()
        thread.join()


def test_metrics_are_of_one_chain_and_of_what_is_of_none(keeper: Keeper) -> None:
    assert keeper.metrics() == {"keeper_head_block": 7.0, "keeper_commit_wait_seconds_count": 5.0}
    assert keeper.metrics("other") == {
        "keeper_head_block": 9.0,
        'keeper_outcomes_total{outcome="included"}': 3.0,
        "keeper_commit_wait_seconds_count": 5.0,
    }
