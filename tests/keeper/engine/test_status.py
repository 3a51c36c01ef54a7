"""What the daemon says of itself, asked over HTTP as a supervisor and a Prometheus would."""

import asyncio
import socket
from dataclasses import dataclass

import aiohttp
import pytest
import structlog

from keeper.domain.chain import Timestamp
from keeper.domain.records import BlockRecord, MicroTime
from keeper.engine.status import Collectors, Heartbeat, Metrics, Readiness, Status, serve
from keeper.log import logger
from tests.keeper.engine.fakes import block_ref

LIMIT_S = 60.0


@dataclass
class _Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def _row(number: int) -> BlockRecord:
    return BlockRecord(
        chain_id=1, block_number=number, block_hash="0x1", parent_hash="0x0", block_time=Timestamp(2 * number), received_at=MicroTime(0),
        finished_at=MicroTime(1), logs=3, evaluated=4, watched=50, rpc_requests=6, rpc_calls=7, rpc_requests_head=2,
        rpc_requests_fork=30,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _asked(metrics: Metrics, heartbeat: Heartbeat, *paths: str, readiness: Readiness | None = None) -> list[tuple[int, str]]:
    async def ask() -> list[tuple[int, str]]:
        port = _free_port()
        async with serve({"chain": Status(metrics, heartbeat, readiness or _readiness())}, port), aiohttp.ClientSession() as session:
            answers = []
            for path in paths:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    answers.append((answer.status, await answer.text()))
            return answers

    return asyncio.run(ask())


def _readiness() -> Readiness:
    return Readiness(logger())


def test_a_problem_makes_it_not_ready_until_it_is_mended_and_is_told_once() -> None:
    heartbeat = Heartbeat(_Clock(), LIMIT_S)
    heartbeat.beat()
    with structlog.testing.capture_logs() as lines:
        readiness = _readiness()
        readiness.report("executor", "no gas: send some")
        readiness.report("executor", "no gas: send some")
        assert _asked(Metrics(), heartbeat, "/readyz", "/livez", readiness=readiness) == [
            (503, "executor: no gas: send some\n"),
            (200, "ok\n"),
        ]
        readiness.report("executor", None)
    assert _asked(Metrics(), heartbeat, "/readyz", readiness=readiness) == [(200, "ok\n")]
    assert [line["event"] for line in lines] == ["not ready", "ready again"]


def test_before_the_first_block_it_lives_but_is_not_ready() -> None:
    answers = _asked(Metrics(), Heartbeat(_Clock(), LIMIT_S), "/livez", "/readyz")
    assert [status for status, _ in answers] == [200, 503]


@pytest.mark.parametrize(("silence", "status"), [(0.0, 200), (LIMIT_S - 1, 200), (LIMIT_S + 1, 503)])
def test_a_loop_that_finishes_no_block_for_too_long_is_dead(silence: float, status: int) -> None:
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    clock.now += silence
    assert [answered for answered, _ in _asked(Metrics(), heartbeat, "/livez", "/readyz")] == [status, status]


def test_a_chain_that_stands_still_is_not_the_daemons_death() -> None:
    """Nothing to finish, but it keeps asking."""
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    for _ in range(5):
        clock.now += LIMIT_S / 2
        heartbeat.pulse()
    assert heartbeat.alive()


def test_a_beat_after_a_silence_brings_it_back() -> None:
    clock = _Clock()
    heartbeat = Heartbeat(clock, LIMIT_S)
    heartbeat.beat()
    clock.now += 10 * LIMIT_S
    assert not heartbeat.alive()
    heartbeat.beat()
    assert heartbeat.alive()


def test_metrics_count_what_the_blocks_say() -> None:
    metrics = Metrics()
    for number in (7, 8):
        metrics.block_done(block_ref(number), 0.03)
        metrics.work_done(_row(number), 2)
    metrics.watch("venue", 50)
    metrics.skip("unprofitable")
    ((status, text),) = _asked(metrics, Heartbeat(_Clock(), LIMIT_S), "/metrics")
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert status == 200
    assert float(figures['keeper_head_block{chain="chain"}']) == 8
    assert float(figures['keeper_head_timestamp_seconds{chain="chain"}']) == 16
    assert float(figures['keeper_evaluations_total{chain="chain"}']) == 8
    assert float(figures['keeper_watched_accounts{chain="chain",venue="venue"}']) == 50
    assert float(figures['keeper_candidates_total{chain="chain"}']) == 4
    purposes = {
        purpose: float(figures[f'keeper_rpc_requests_total{{chain="chain",purpose="{purpose}"}}'])
        for purpose in ("head", "read", "send", "fork")
    }
    assert purposes == {"head": 4, "read": 8, "send": 0, "fork": 60}
    assert float(figures['keeper_skips_total{chain="chain",reason="unprofitable"}']) == 1
    assert float(figures['keeper_block_seconds_bucket{chain="chain",le="0.025"}']) == 0
    assert float(figures['keeper_block_seconds_bucket{chain="chain",le="0.05"}']) == 2


def test_two_daemons_in_one_process_do_not_share_their_figures() -> None:
    first, second = Metrics(), Metrics()
    first.reorgs.inc()
    assert 'keeper_reorgs_total{chain="chain"} 1.0' in _asked(first, Heartbeat(_Clock(), LIMIT_S), "/metrics")[0][1]
    assert 'keeper_reorgs_total{chain="chain"} 0.0' in _asked(second, Heartbeat(_Clock(), LIMIT_S), "/metrics")[0][1]


def test_it_is_reachable_from_this_machine_only() -> None:
    async def run() -> None:
        port = _free_port()
        async with serve({"chain": Status(Metrics(), Heartbeat(_Clock(), LIMIT_S), _readiness())}, port):
            with socket.socket() as other:
                # Had it taken all interfaces, the same port at another loopback address would be taken too.
                other.bind(("127.0.0.2", port))

    asyncio.run(run())


def test_each_of_several_chains_speaks_for_itself() -> None:
    """One that has stopped is not ready, and no reason to restart the others."""

    async def ask() -> list[tuple[int, str]]:
        collectors, port = Collectors(), _free_port()
        chains = {
            name: Status(Metrics(collectors, name), Heartbeat(_Clock(), LIMIT_S), Readiness(structlog.get_logger()))
            for name in ("one", "two")
        }
        for number, status in enumerate(chains.values(), 7):
            status.metrics.head.set(number)
            status.heartbeat.beat()
        chains["two"].stopped("no venue left")
        async with serve(chains, port), aiohttp.ClientSession() as session:
            answers = []
            for path in ("/livez", "/readyz", "/metrics"):
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    answers.append((answer.status, await answer.text()))
            return answers

    livez, readyz, (_, figures) = asyncio.run(ask())
    assert livez == (200, "ok\n")
    assert readyz == (503, "two: lane: stopped: no venue left\n")
    assert 'keeper_head_block{chain="one"} 7.0' in figures
    assert 'keeper_head_block{chain="two"} 8.0' in figures
