"""Real servers for a lake that has outgrown one machine: PostgreSQL in a directory of its own, and an S3 server in memory."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DEBIAN = Path("/usr/lib/postgresql")
_START_S = 60.0
_PAUSE_S = 0.1


class ServerError(Exception):
    """A server did not come up; the message holds its own words."""


def postgres_programs() -> Path | None:
    """The folder of initdb and postgres, the newest version first: on PATH, else where Debian puts them. None where there is none."""
    initdb = shutil.which("initdb")
    if initdb is not None:
        return Path(initdb).resolve().parent
    folders = sorted((file.parent for file in _DEBIAN.glob("*/bin/initdb")), key=lambda folder: int(folder.parent.name.partition(".")[0]))
    return folders[-1] if folders else None


@contextmanager
def postgres(programs: Path, directory: Path) -> Iterator[str]:
    """A cluster in the empty `directory`, reachable on this machine only; yields "host=... port=... user=...". Raises ServerError.

    PostgreSQL refuses to run as root: root hands the directory to the user `postgres`, or to nobody."""
    owner = _unprivileged(directory)
    data, port = directory / "cluster", _free_port()
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "keeper", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd=directory, **owner)
    if done.returncode:
        raise ServerError(f"initdb: {done.stderr}")
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    command = [str(programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())]
    with (directory / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=directory, **owner) as server:
        try:
            _await(server, lambda: _ready(programs, port), directory / "log")
            yield f"host=127.0.0.1 port={port} user=keeper"
        finally:
            server.send_signal(2)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def create_database(programs: Path, address: str, name: str) -> None:
    """An empty database."""
    words = dict(word.split("=") for word in address.split())
    command = [str(programs / "createdb"), "-h", words["host"], "-p", words["port"], "-U", words["user"], name]
    subprocess.run(command, check=True, capture_output=True)


def s3_python() -> Path | None:
    """The Python whose environment has the S3 server (`make extras` makes it beside ours: its packages do not go together with these)."""
    python = Path(sys.prefix) / "s3-server" / "bin" / "python"
    return python if python.exists() else None


@contextmanager
def object_store(python: Path, directory: Path, bucket: str) -> Iterator[dict[str, str]]:
    """An S3 server with one bucket; yields the environment that leads to it. Raises ServerError."""
    endpoint = f"http://127.0.0.1:{_free_port()}"
    command = [str(python), "-m", "moto.server", "-H", "127.0.0.1", "-p", endpoint.rpartition(":")[2]]
    with (directory / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _await(server, lambda: _created(f"{endpoint}/{bucket}"), directory / "log")
            keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
            yield keys | {"AWS_ENDPOINT_URL": endpoint}
        finally:
            server.terminate()


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """These variables of this process, as long as the context is open."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _unprivileged(directory: Path) -> dict[str, Any]:
    """Arguments of a process that runs as somebody who is not root, and owns the directory."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(server: subprocess.Popen[Any], ready: Callable[[], bool], log: Path) -> None:
    give_up = time.monotonic() + _START_S
    while not ready():
        if server.poll() is not None or time.monotonic() > give_up:
            raise ServerError(f"{server.args!r} did not come up: {log.read_text()}")
        time.sleep(_PAUSE_S)


def _ready(programs: Path, port: int) -> bool:
    question = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(question, check=False).returncode == 0


def _created(url: str) -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5) as answer:  # noqa: S310 (our own server)
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
