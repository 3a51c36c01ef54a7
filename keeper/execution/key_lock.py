"""One key, one process: two of them would fight over nonces."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from keeper.errors import NonceConflict, StoreError


class KeyLock:
    """A lock on a file, held until this process closes it or dies, however it dies. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Raises NonceConflict when another process holds it, StoreError when the file cannot be made."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(f"keeper.state_dir: {self._path} cannot be written ({error.strerror})") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 20).decode(errors="replace") or "unknown"
            os.close(descriptor)
            raise NonceConflict(
                f"another keeper (process {holder}) is using this key: it holds {self._path}; stop it, or give this one its own key"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def shared_folder(environment: Mapping[str, str]) -> Path:
    """Where all keepers of this user on this machine meet, whatever their state folders: XDG_RUNTIME_DIR, or else the folder for temporary
    files. Made for this user alone. Raises StoreError when it is somebody else's."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) / "perp-keeper" if runtime else Path(tempfile.gettempdir()) / f"perp-keeper-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise StoreError(f"XDG_RUNTIME_DIR: {folder} cannot be made ({error.strerror}); name a folder of this user's own") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise StoreError(f"{folder} is not a folder that only this user may write to; remove it, or set XDG_RUNTIME_DIR to one")
    return folder
