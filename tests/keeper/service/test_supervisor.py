"""What systemd hears on its notify socket."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from keeper.service.heartbeat import Heartbeat
from keeper.service.supervisor import Supervisor

WATCHDOG_S = 0.1
LIMIT_S = 60.0
READY, WATCHDOG, STOPPING = b"READY=1", b"WATCHDOG=1", b"STOPPING=1"


@dataclass
class _Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def _bound(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.setblocking(False)
        yield receiver


def _heard(receiver: socket.socket) -> list[bytes]:
    messages = []
    while True:
        try:
            messages.append(receiver.recv(64))
        except BlockingIOError:
            return messages


def _fill(sender: socket.socket, address: str) -> None:
    while True:
        sender.sendto(WATCHDOG, address)


def _environment(address: str, pid: int | None = None) -> dict[str, str]:
    watched = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": f"{WATCHDOG_S * 1e6:.0f}"}
    return watched if pid is None else watched | {"WATCHDOG_PID": str(pid)}


def _beating(clock: _Clock) -> Heartbeat:
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    return heartbeat


def _attend(environment: dict[str, str], *heartbeats: Heartbeat, seconds: float = 0.0) -> None:
    """Attended for so long, then stopped."""

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, stop.set)
        await Supervisor.of(environment).attend(heartbeats, stop)

    asyncio.run(run())


def test_it_hears_of_the_start_of_life_and_of_the_end(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with _bound(address) as receiver:
        _attend(_environment(address, os.getpid()), _beating(_Clock()), seconds=4 * WATCHDOG_S)
        messages = _heard(receiver)
    assert messages[0] == READY
    assert messages[-1] == STOPPING
    assert set(messages[1:-1]) == {WATCHDOG}
    assert len(messages[1:-1]) >= 4, "a sign of life well within each period"


def test_one_dead_lane_is_no_sign_of_life(tmp_path: Path) -> None:
    clock = _Clock()
    dead = _beating(clock)
    clock.now += 2 * LIMIT_S
    address = str(tmp_path / "notify")
    with _bound(address) as receiver:
        _attend(_environment(address), _beating(clock), dead, seconds=2 * WATCHDOG_S)
        assert _heard(receiver) == [READY, STOPPING]


@pytest.mark.parametrize(
    "watchdog", [{}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}], ids=["no watchdog", "a watchdog over another process"]
)
def test_nobody_waits_for_signs_of_life(tmp_path: Path, watchdog: dict[str, str]) -> None:
    address = str(tmp_path / "notify")
    with _bound(address) as receiver:
        _attend({"NOTIFY_SOCKET": address} | watchdog, _beating(_Clock()), seconds=0.05)
        assert _heard(receiver) == [READY, STOPPING]


def test_an_abstract_socket() -> None:
    name = f"perp-keeper-{os.getpid()}"
    with _bound(f"\0{name}") as receiver:
        _attend({"NOTIFY_SOCKET": f"@{name}"}, _beating(_Clock()))
        assert _heard(receiver) == [READY, STOPPING]


def test_a_socket_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    _attend(_environment(str(tmp_path / "gone")), _beating(_Clock()), seconds=2 * WATCHDOG_S)


def test_a_full_socket_holds_nothing_up(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with _bound(address), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            _fill(other, address)
        _attend(_environment(address), _beating(_Clock()), seconds=WATCHDOG_S)


def test_without_a_supervisor_it_waits_for_the_stop() -> None:
    _attend({}, _beating(_Clock()), seconds=0.05)
