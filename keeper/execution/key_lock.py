"""One key, one process: two of them would fight over nonces."""

import fcntl
import os
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
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
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
