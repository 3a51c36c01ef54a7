"""The figures of the chain lanes, as Prometheus reads them."""

from prometheus_client import generate_latest

from keeper.domain.chain import Purpose, Timestamp
from keeper.domain.endpoint_score import EndpointScore
from keeper.domain.records import BlockRecord, MicroTime
from keeper.engine.metrics import Metrics
from tests.keeper.engine.fakes import block_ref


def _row(number: int) -> BlockRecord:
    return BlockRecord(
        chain_id=1, block_number=number, block_hash="0x1", parent_hash="0x0", block_time=Timestamp(2 * number), received_at=MicroTime(0),
        finished_at=MicroTime(1), logs=3, evaluated=4, watched=50, rpc_requests=6, rpc_calls=7, rpc_requests_head=2,
        rpc_requests_fork=30,
    )  # fmt: skip


def _exposition(metrics: Metrics) -> str:
    return generate_latest(metrics.collectors.registry).decode()


def test_an_endpoints_score_stands_under_its_name_and_purpose() -> None:
    metrics = Metrics()
    metrics.endpoint(EndpointScore("http://a", Purpose.READ, 0.75, 0.1, 0.2, 0.0))
    assert 'keeper_endpoint_score{chain="chain",endpoint="http://a",purpose="read"} 0.75' in _exposition(metrics)


def test_metrics_count_what_the_blocks_say() -> None:
    metrics = Metrics()
    for number in (7, 8):
        metrics.block_done(block_ref(number), 0.03)
        metrics.work_done(_row(number), 2)
    metrics.watch("venue", 50)
    metrics.skip("unprofitable")
    figures = dict(line.rsplit(" ", 1) for line in _exposition(metrics).splitlines() if not line.startswith("#"))
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
    assert 'keeper_reorgs_total{chain="chain"} 1.0' in _exposition(first)
    assert 'keeper_reorgs_total{chain="chain"} 0.0' in _exposition(second)
