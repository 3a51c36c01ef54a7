"""The two programs as a user runs them: `keeper` in the background, `analytics` for answers. Nothing of them is imported."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.devnet.config import DEVNET

_STOP_SECONDS = 45.0
_CHAIN_LABEL = re.compile(r'chain="(?P<chain>[^"]*)",?')


class ProgramFailed(RuntimeError):
    """One of the programs ended badly; the message carries the end of what it printed."""


class Keeper:
    """A running daemon whose log goes to a file."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path, status_port: int) -> None:
        self._process = process
        self._log_path = log_path
        self._status_url = f"http://127.0.0.1:{status_port}"

    def must_run(self) -> None:
        """Raises ProgramFailed when it has ended."""
        if self._process.poll() is not None:
            raise ProgramFailed(f"the keeper ended with exit code {self._process.returncode}:\n{log_tail(self._log_path)}")

    def metrics(self, chain: str = DEVNET) -> Mapping[str, float]:
        """Its own figures of one chain from /metrics, and what is of no chain, by name with labels, that of the chain left out; empty while
        it does not answer yet."""
        try:
            with urllib.request.urlopen(f"{self._status_url}/metrics", timeout=2) as answer:  # noqa: S310 # an address of our own making
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {
            _CHAIN_LABEL.sub("", name).replace("{}", ""): float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
            if (label := _CHAIN_LABEL.search(name)) is None or label["chain"] == chain
        }

    def readiness(self) -> str:
        """What /readyz says: "ok", or what is in the way; empty while it does not answer yet."""
        try:
            with urllib.request.urlopen(f"{self._status_url}/readyz", timeout=2) as answer:  # noqa: S310 # an address of our own making
                text: str = answer.read().decode()
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode()
        except OSError:
            return ""
        return text.strip()

    def stop(self) -> None:
        """SIGTERM, as a supervisor does it, and the proof that it ended cleanly."""
        self.must_run()
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait(_STOP_SECONDS) != 0:
            raise ProgramFailed(f"the keeper did not stop cleanly ({self._process.returncode}):\n{log_tail(self._log_path)}")

    def kill(self) -> None:
        """SIGKILL, as a power cut does it."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running_keeper(config: Path, log_path: Path, *options: str, settings: Mapping[str, str] | None = None) -> Iterator[Keeper]:
    """`keeper run --config CONFIG`; ended on leaving if it still runs. `settings` are PERP_KEEPER__ variables on top of the file."""
    command = [sys.executable, "-m", "keeper", "run", "--config", str(config), *options]
    port = _free_port()
    # Every devnet has the same chain id and test key: without a meeting place of its own, one would be refused beside another.
    own = {"PERP_KEEPER__KEEPER__STATUS_PORT": str(port), "XDG_RUNTIME_DIR": str(config.parent)}
    environment = os.environ | own | dict(settings or {})
    with (
        log_path.open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment) as process,
    ):
        keeper = Keeper(process, log_path, port)
        try:
            yield keeper
        finally:
            if process.poll() is None:
                keeper.kill()


def query(lake: Path, sql: str) -> Sequence[Mapping[str, Any]]:
    """`analytics query --json SQL` on the lake; works while the keeper writes it."""
    rows: Sequence[Mapping[str, Any]] = json.loads(analytics(lake, "query", "--json", sql))
    return rows


def analytics(lake: Path, *arguments: str) -> str:
    """What `analytics ARGUMENTS` prints. Raises ProgramFailed when it fails."""
    command = [sys.executable, "-m", "analytics", *arguments, "--lake", str(lake)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ProgramFailed(f"analytics {arguments[0]} failed: {answer.stderr.strip()}")
    return answer.stdout


def log_tail(path: Path, lines: int = 25) -> str:
    """The end of what a program wrote."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
