"""What the machine is burdened with: an import of recordings, then a compaction of the market's catalog, each as a program of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeAlias

from keeper.lake.place import LakePlace
from keeper.lake.upkeep import order
from tests.load.recordings import KIND

Span: TypeAlias = tuple[float, float]
"""From when to when, Unix seconds."""
_KEEP_SNAPSHOTS_S = 3600
_ALL_TIERS = 256
"""The run of the upkeep in which files of every size are merged."""


@dataclass
class Burden:
    """Both programs, one after the other, at work only between `thaw` and `freeze`. `seconds` is how long each was, by its name."""

    recordings: Sequence[Path]
    lake: Path
    log: IO[bytes]
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    """When it was at work."""

    def __post_init__(self) -> None:
        self._due = ["import", "compaction"]
        self._process: subprocess.Popen[bytes] | None = None
        self._since: float | None = None

    @property
    def over(self) -> bool:
        """Whether both have ended."""
        return not self._due

    def thaw(self) -> None:
        """Go on, or begin."""
        if self.over:
            return
        self._since = time.time()
        if self._process is None:
            self._launch()
        else:
            os.killpg(self._process.pid, signal.SIGCONT)

    def freeze(self) -> None:
        """Stand still."""
        self.turn()
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGSTOP)
            self._rest()

    def turn(self) -> None:
        """Begin the second program when the first has ended, and take note when that has."""
        if self._process is None or self._process.poll() is None:
            return
        self._process.communicate()
        if self._process.returncode:
            self.failures.append(f"the {self._due[0]} ended with exit code {self._process.returncode}")
        self._rest()
        self._due.pop(0)
        self._process = None
        self.thaw()

    def close(self) -> None:
        """Nothing is left behind."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()

    def _rest(self) -> None:
        assert self._since is not None
        span = (self._since, time.time())
        self.spans.append(span)
        self.seconds[self._due[0]] = self.seconds.get(self._due[0], 0.0) + span[1] - span[0]

    def _launch(self) -> None:
        arguments = {
            "import": ("analytics", "import", KIND, *map(str, self.recordings), "--lake", str(self.lake), "--json"),
            "compaction": ("keeper.lake.upkeep",),
        }[self._due[0]]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments], stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, start_new_session=True
        )
        if self._due[0] == "compaction":
            # It ends with its standard input, which therefore stays open.
            assert self._process.stdin is not None
            self._process.stdin.write(f"{order(LakePlace.at(self.lake).market, _KEEP_SNAPSHOTS_S, _ALL_TIERS)}\n".encode())
            self._process.stdin.flush()
