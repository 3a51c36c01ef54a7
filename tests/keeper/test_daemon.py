"""A chain's fault stops its own lane; what all share, and the last chain's fault, end the daemon."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import structlog
from structlog.typing import FilteringBoundLogger

from keeper import assembly
from keeper.daemon import commit_report, first_cause, follow_all
from keeper.engine.chain_status import ChainStatus
from keeper.engine.metrics import Collectors
from keeper.engine.recovery import Report
from keeper.errors import ConfigError, Fatal, StoreError
from keeper.lake.chain_recorder import ChainRecorder
from keeper.lake.options import LakeOptions
from keeper.lake.recorder import Commit, Recorder
from keeper.settings import ChainScope, load
from tests.keeper.settings.test_source import MINIMAL

_STEP_S = 0.05


def _two_chains(tmp_path: Path) -> tuple[Sequence[ChainScope], dict[str, ChainStatus]]:
    path = tmp_path / "keeper.toml"
    other = MINIMAL.replace("chains.one", "chains.two").replace("31337", "31338").replace("venues.first", "venues.second")
    path.write_text(MINIMAL + other.replace('chain = "one"', 'chain = "two"'))
    scopes = load(path, {}).settings.scopes()
    return scopes, dict(assembly.build_status(scopes, Collectors(), structlog.get_logger()))


def _run(tmp_path: Path, faults: dict[str, Exception]) -> tuple[list[str], dict[str, ChainStatus]]:
    """Two chains that are followed until the end, but for those with a fault. The chains still followed at the end, and what is said."""
    scopes, chains = _two_chains(tmp_path)
    ended: list[str] = []

    async def follow(
        scope: ChainScope, recorder: ChainRecorder, status: ChainStatus, report: Report, logger: FilteringBoundLogger, stop: asyncio.Event
    ) -> None:
        if scope.name in faults:
            await asyncio.sleep(_STEP_S * (1 + sorted(faults).index(scope.name)))
            raise faults[scope.name]
        await stop.wait()
        ended.append(scope.name)

    async def run(chains: dict[str, ChainStatus], recorder: Recorder) -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(_STEP_S * 5, stop.set)
        await follow_all(scopes, recorder, chains, lambda _: None, structlog.get_logger(), stop, follow)

    options = LakeOptions.at(tmp_path / "lake")
    with Recorder(options, {scope.chain.id: tuple(scope.venues) for scope in scopes}) as recorder:
        asyncio.run(run(chains, recorder))
    return ended, chains


def test_a_chain_that_cannot_go_on_leaves_the_other_at_work_and_says_so(tmp_path: Path) -> None:
    ended, chains = _run(tmp_path, {"one": Fatal("no venue left")})
    assert ended == ["two"]
    assert chains["one"].readiness.problems() == {"lane": "stopped: Fatal: no venue left"}
    assert chains["one"].heartbeat.alive()
    assert chains["two"].readiness.problems() == {}


@pytest.mark.parametrize(
    "faults",
    [
        lambda: {"one": Fatal("no venue left"), "two": Fatal("the last one")},
        lambda: {"one": StoreError("the disk is full")},
        lambda: {"one": ConfigError("chain: another id")},
        lambda: {"one": ZeroDivisionError()},
    ],
    ids=["the last chain", "the lake", "the settings", "what nobody foresaw"],
)
def test_what_all_depend_on_ends_the_daemon(tmp_path: Path, faults: Callable[[], dict[str, Exception]]) -> None:
    fatal = faults()
    with pytest.raises(ExceptionGroup) as error:
        _run(tmp_path, fatal)
    assert first_cause(error.value) is list(fatal.values())[-1]


def test_a_commit_is_a_figure_of_its_chain_and_a_line(tmp_path: Path) -> None:
    scopes, chains = _two_chains(tmp_path)
    with structlog.testing.capture_logs() as lines:
        commit_report(scopes, chains, structlog.get_logger())(Commit(31_338, 12, 0.2004))
    assert lines == [{"event": "commit", "log_level": "debug", "chain": "two", "rows": 12, "seconds": 0.2}]
    figure = chains["one"].metrics.collectors.registry.get_sample_value
    assert [figure("keeper_commit_wait_seconds_count", {"chain": name}) for name in ("one", "two")] == [0, 1]


def test_a_supervisor_hears_that_the_daemon_is_ready_and_that_it_stops(tmp_path: Path) -> None:
    """Ready though no endpoint answers yet: that is no fault of the process."""
    (tmp_path / "keeper.toml").write_text(MINIMAL.replace("http://127.0.0.1:8545", "http://127.0.0.1:1"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "keeper", "run", "--config", str(tmp_path / "keeper.toml")],
            env=os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "PYTHONPATH": str(Path(__file__).parents[2])},
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        try:
            assert receiver.recv(64) == b"READY=1"
            process.terminate()
            assert receiver.recv(64) == b"STOPPING=1"
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("writable", [True, False])
def test_signals_engage_and_release_the_kill_switch(tmp_path: Path, writable: bool) -> None:
    """Its file outlives the process. A daemon that cannot write it stops, which is the least that was asked for."""
    (tmp_path / "keeper.toml").write_text(MINIMAL.replace("http://127.0.0.1:8545", "http://127.0.0.1:1"))
    folder = tmp_path / "folder"
    if not writable:
        folder.touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "keeper", "run", "--config", str(tmp_path / "keeper.toml")],
            env=os.environ
            | {
                "NOTIFY_SOCKET": str(tmp_path / "notify"),
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "PERP_KEEPER__KEEPER__KILL_FILE": str(folder / "STOP"),
            },
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        )
        try:
            assert receiver.recv(64) == b"READY=1"
            process.send_signal(signal.SIGUSR1)
            if not writable:
                assert (receiver.recv(64), process.wait(30)) == (b"STOPPING=1", 0)
                return
            assert _within(30, (folder / "STOP").exists)
            process.send_signal(signal.SIGUSR2)
            assert _within(30, lambda: not (folder / "STOP").exists())
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()
