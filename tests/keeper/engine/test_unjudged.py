"""Accounts of which the contract tells nothing are told once, and once more when they are judged again; and they are no comparison."""

import structlog
from structlog.testing import capture_logs

from keeper.domain.account import AccountKey
from keeper.domain.chain_view import ChainVerdict, Verdict
from keeper.domain.health import Health
from keeper.domain.money import Usd18
from keeper.domain.records import AccountSnapshotRecord
from keeper.engine.metrics import Metrics
from keeper.engine.parity import parity_rows
from keeper.engine.recording import BlockKeys
from keeper.engine.unjudged import Unjudged
from tests.keeper.engine.fakes import block_ref

HEALTHY = Health(Usd18(9), Usd18(7), None)


def _rows(number: int, **verdicts: Verdict) -> list[AccountSnapshotRecord]:
    views = [ChainVerdict(AccountKey(account), verdict, "paused") for account, verdict in verdicts.items()]
    return parity_rows(BlockKeys(1, "toy", block_ref(number)), views, {view.account: HEALTHY for view in views})


def test_every_change_is_told_once_and_only_comparisons_are_counted() -> None:
    metrics = Metrics()
    unjudged = Unjudged(structlog.get_logger(), metrics)
    with capture_logs() as lines:
        unjudged.look(_rows(1, a=Verdict.HEALTHY, b=Verdict.UNKNOWN, c=Verdict.UNKNOWN))
        unjudged.look(_rows(2, b=Verdict.UNKNOWN))
        unjudged.look(_rows(3, a=Verdict.HEALTHY))
        unjudged.look(_rows(4, a=Verdict.HEALTHY, b=Verdict.HEALTHY))
    assert [
        (line["event"], line["block"], line["accounts"], line.get("first"), line.get("reason"), line["log_level"]) for line in lines
    ] == [
        ("not judged by the contract", 1, 2, "b", "paused", "warning"),
        ("judged by the contract again", 4, 1, None, None, "info"),
    ]
    registry = metrics.collectors.registry
    labels = {"chain": "chain"}
    assert registry.get_sample_value("keeper_parity_comparisons_total", labels) == 4
    assert registry.get_sample_value("keeper_parity_unknown_total", labels) == 3
