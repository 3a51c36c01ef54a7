"""The upkeep's process as the recorder sees it: started, never waited for, ended with the recorder. Its fault is a line, never an end."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Self

from keeper.lake.place import CatalogPlace
from keeper.lake.upkeep import order

_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""All of the environment it needs; no password and no address of ours is among it. A catalog's or store's server has its own variables."""
_SERVER_PREFIXES = ("PG", "AWS_")
_STOP_S = 5.0


class UpkeepProcess:
    """A context manager. At most one process at a time."""

    def __init__(self, place: CatalogPlace, keep_snapshots_s: int) -> None:
        self._place = place
        self._keep_snapshots_s = keep_snapshots_s
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0
        self.runs = 0
        """How many have ended."""
        self.problem: str | None = None
        """Why the last one failed; None when it did not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate(timeout=_STOP_S)

    def start(self) -> None:
        """Start a run; where the one before is still at work, that one goes on instead."""
        if not self._ended():
            return
        self._started += 1
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keeper.lake.upkeep"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment(os.environ, self._place),
            )
            assert self._process.stdin is not None
            self._process.stdin.write(f"{order(self._place, self._keep_snapshots_s, self._started)}\n".encode())
            self._process.stdin.flush()
        except OSError as error:
            self.problem = f"the lake's upkeep cannot be started: {error}"

    def _ended(self) -> bool:
        """Whether there is none at work; takes note of how the last one ended."""
        if self._process is None:
            return True
        if self._process.poll() is None:
            return False
        self.runs += 1
        _, said = self._process.communicate()
        lines = said.decode(errors="replace").strip().splitlines()
        failure = f"exit code {self._process.returncode}" if not lines else lines[-1]
        self.problem = f"the lake's upkeep failed: {failure}" if self._process.returncode else None
        self._process = None
        return True


def environment(environ: Mapping[str, str], place: CatalogPlace) -> dict[str, str]:
    """What of `environ` an upkeep of this catalog may know."""
    prefixes = () if place.catalog_file is not None and not place.remote else _SERVER_PREFIXES
    return {name: value for name, value in environ.items() if name in _INHERITED or name.startswith(prefixes)}
