"""How far an import is."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class ImportProgress(Protocol):
    """Told by `import_files` what it does. `advance` counts bytes of the file, once while checking and once when written."""

    def start(self, path: Path, size: int) -> None: ...

    def step(self, name: str) -> None: ...

    def advance(self, size: int) -> None: ...


class Silent:
    """Shows nothing: for scripts, `--json` and tests."""

    def start(self, path: Path, size: int) -> None:
        """Nothing to show."""

    def step(self, name: str) -> None:
        """Nothing to show."""

    def advance(self, size: int) -> None:
        """Nothing to show."""


class ProgressBar:
    """One bar over all files, by bytes; checking a file is half of its work, reading and writing it the other half."""

    def __init__(self, console: Console, total_bytes: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._task: TaskID = self._progress.add_task("", total=total_bytes)
        self._file = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def start(self, path: Path, size: int) -> None:
        """A new file; its size is part of the total already."""
        self._file = path.name

    def step(self, name: str) -> None:
        """What is done with the file now."""
        self._progress.update(self._task, description=f"{self._file}: {name}")

    def advance(self, size: int) -> None:
        """Bytes checked or written."""
        self._progress.advance(self._task, size / 2)
