"""What a process says of itself, asked over HTTP as a supervisor and a Prometheus would."""

import asyncio
import socket
from dataclasses import dataclass

import aiohttp
import pytest
import structlog
from prometheus_client import CollectorRegistry, Gauge

from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.log import logger
from keeper.service.readiness import Readiness
from keeper.service.server import serve
from keeper.service.status import Status

LIMIT_S = 60.0


@dataclass
class _Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _asked(heartbeat: Heartbeat, *paths: str, readiness: Readiness | None = None) -> list[tuple[int, str]]:
    async def ask() -> list[tuple[int, str]]:
        port = _free_port()
        async with (
            serve({"lane": Status(heartbeat, readiness or _readiness())}, CollectorRegistry(), port),
            aiohttp.ClientSession() as session,
        ):
            answers = []
            for path in paths:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    answers.append((answer.status, await answer.text()))
            return answers

    return asyncio.run(ask())


def _readiness() -> Readiness:
    return Readiness(LogAlerts(logger()), logger())


def test_a_problem_makes_it_not_ready_until_it_is_mended_and_is_told_once() -> None:
    heartbeat = Heartbeat(_Clock(), LIMIT_S)
    heartbeat.beat()
    with structlog.testing.capture_logs() as lines:
        readiness = _readiness()
        readiness.report("executor", "no gas: send some")
        readiness.report("executor", "no gas: send some")
        assert _asked(heartbeat, "/readyz", "/livez", readiness=readiness) == [
            (503, "executor: no gas: send some\n"),
            (200, "ok\n"),
        ]
        readiness.report("executor", None)
    assert _asked(heartbeat, "/readyz", readiness=readiness) == [(200, "ok\n")]
    assert [line["event"] for line in lines] == ["not ready", "ready again"]


def test_before_the_first_block_it_lives_but_is_not_ready() -> None:
    answers = _asked(Heartbeat(_Clock(), LIMIT_S), "/livez", "/readyz")
    assert [status for status, _ in answers] == [200, 503]


@pytest.mark.parametrize(("silence", "status"), [(0.0, 200), (LIMIT_S - 1, 200), (LIMIT_S + 1, 503)])
def test_a_loop_that_finishes_no_block_for_too_long_is_dead(silence: float, status: int) -> None:
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    clock.now += silence
    assert [answered for answered, _ in _asked(heartbeat, "/livez", "/readyz")] == [status, status]


def test_it_is_reachable_from_this_machine_only() -> None:
    async def run() -> None:
        port = _free_port()
        async with serve({"lane": Status(Heartbeat(_Clock(), LIMIT_S), _readiness())}, CollectorRegistry(), port):
            with socket.socket() as other:
                # Had it taken all interfaces, the same port at another loopback address would be taken too.
                other.bind(("127.0.0.2", port))

    asyncio.run(run())


def test_each_of_several_lanes_speaks_for_itself() -> None:
    """One that has stopped is not ready, and no reason to restart the others."""

    async def ask() -> list[tuple[int, str]]:
        registry, port = CollectorRegistry(), _free_port()
        heads = Gauge("head_block", "Newest block", ["lane"], registry=registry)
        lanes = {name: Status(Heartbeat(_Clock(), LIMIT_S), _readiness()) for name in ("one", "two")}
        for number, (name, status) in enumerate(lanes.items(), 7):
            heads.labels(name).set(number)
            status.heartbeat.beat()
        lanes["two"].stopped("no venue left")
        async with serve(lanes, registry, port), aiohttp.ClientSession() as session:
            answers = []
            for path in ("/livez", "/readyz", "/metrics"):
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    answers.append((answer.status, await answer.text()))
            return answers

    livez, readyz, (_, figures) = asyncio.run(ask())
    assert livez == (200, "ok\n")
    assert readyz == (503, "two: lane: stopped: no venue left\n")
    assert 'head_block{lane="one"} 7.0' in figures
    assert 'head_block{lane="two"} 8.0' in figures
