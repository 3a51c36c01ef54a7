"""M25: one reason per missed liquidation, from the furthest stage reached."""

import pytest

from analytics.models.missed import SKIPS, Reason, Stages, missed_reason
from keeper.domain.skip_reason import SkipReason

SEEN = Stages(known=True, liquidated_block=100, evaluated_block=98, skip=None, simulated=None, sent_block=None, outcome=None)


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        (Stages(False, 100, None, None, None, None, None), Reason.NOT_TRACKED),
        (Stages(True, 100, None, None, None, None, None), Reason.STALE),
        (Stages(True, 100, 98, "stale", None, None, None), Reason.STALE),
        (Stages(True, 100, 98, "unprofitable", None, None, None), Reason.UNPROFITABLE),
        (Stages(True, 100, 98, "simulation_unprofitable", True, None, None), Reason.UNPROFITABLE),
        (Stages(True, 100, 98, "simulation_reverted", False, None, None), Reason.SIMULATION_FAILED),
        (Stages(True, 100, 98, "denied", None, None, None), Reason.NOT_ALLOWED),
        (Stages(True, 100, 98, "endpoints_disagree", None, None, None), Reason.NO_ENDPOINT),
        (Stages(True, 100, 98, "signer_unavailable", None, None, None), Reason.NO_SIGNER),
        (Stages(True, 100, 98, "venue_held", None, None, None), Reason.VENUE_HELD),
        (Stages(True, 100, 98, "base_fee_spike", None, None, None), Reason.GATE_CLOSED),
        (Stages(True, 100, 98, "observing", None, None, None), Reason.OBSERVING),
        (Stages(True, 100, 98, None, True, 98, "reverted"), Reason.OUTBID),
        (Stages(True, 100, 98, None, True, 99, "outbid"), Reason.OUTBID),
        (Stages(True, 100, 98, None, True, 100, "reverted"), Reason.LATE),
        (SEEN, Reason.LATE),
        (Stages(True, 100, 98, "waiting", None, None, None, 99), Reason.WAITING),
        (Stages(True, 100, 90, "waiting", True, 95, "included", 99), Reason.WAITING),
        (Stages(True, 100, 90, "waiting", True, 95, "outbid", 99), Reason.WAITING),
        (Stages(True, 100, 90, "waiting", True, 98, "outbid", 94), Reason.OUTBID),
        (Stages(True, 100, 90, None, True, 95, "included"), Reason.LATE),
    ],
)
def test_reasons(stages: Stages, reason: Reason) -> None:
    assert missed_reason(stages) is reason


def test_every_reason_of_the_keeper_to_skip_means_one_of_ours() -> None:
    words = [word for group in SKIPS.values() for word in group]
    assert sorted(words) == sorted(SkipReason)
