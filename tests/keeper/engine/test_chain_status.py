"""What keeps transactions back is a problem of /readyz and a figure while it stands."""

import structlog

from keeper.engine.chain_status import ChainStatus
from keeper.engine.metrics import Metrics
from keeper.service.alerts import LogAlerts
from keeper.service.heartbeat import Heartbeat
from keeper.service.readiness import Readiness


def test_a_gate_is_told_and_counted_until_it_is_open() -> None:
    log = structlog.get_logger()
    status = ChainStatus(Heartbeat(lambda: 0.0, 60.0), Readiness(LogAlerts(log), log), Metrics(chain="one"))
    figure = status.metrics.collectors.registry.get_sample_value
    labels = {"chain": "one", "gate": "reorg_storm"}
    status.gate("reorg_storm", "9 blocks")
    assert (status.readiness.problems(), figure("keeper_gate_closed", labels)) == ({"reorg_storm": "9 blocks"}, 1)
    status.gate("reorg_storm", None)
    assert (status.readiness.problems(), figure("keeper_gate_closed", labels)) == ({}, 0)
