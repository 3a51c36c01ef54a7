"""M25: why a liquidation that somebody else made was not ours, from the stages the keeper recorded."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The first stage at which we fell out."""

    NOT_TRACKED = "not tracked"
    STALE = "stale"
    UNPROFITABLE = "unprofitable"
    SIMULATION_FAILED = "simulation failed"
    OUTBID = "outbid"
    LATE = "late"
    NOT_ALLOWED = "not allowed"
    NO_ENDPOINT = "no trustworthy endpoint"
    NO_SIGNER = "no signature"
    VENUE_HELD = "venue held"
    GATE_CLOSED = "gate closed"
    OBSERVING = "observing only"
    WAITING = "waiting for its window"


SKIPS = {
    Reason.STALE: ("stale", "price_unavailable", "market_not_open"),
    Reason.UNPROFITABLE: (
        "unprofitable",
        "simulation_unprofitable",
        "no_profitable_size",
        "market_capacity",
        "too_small",
        "insurance_fund_empty",
    ),
    Reason.SIMULATION_FAILED: ("simulation_reverted", "pre_check_reverted"),
    Reason.NOT_ALLOWED: ("denied", "too_much_gas", "spending_cap", "gas_price_cap", "not_enough_capital", "cooling_down"),
    Reason.NO_ENDPOINT: ("endpoint_down", "endpoints_disagree"),
    Reason.NO_SIGNER: ("signer_unavailable",),
    Reason.VENUE_HELD: ("venue_held",),
    Reason.GATE_CLOSED: (
        "kill_switch",
        "sequencer_down",
        "base_fee_spike",
        "reorg_storm",
        "quotes_stale",
        "false_positives",
        "loss_limit",
    ),
    Reason.OBSERVING: ("observing", "simulating"),
    Reason.WAITING: ("waiting",),
    Reason.LATE: ("in_flight", "no_position"),
}
"""The keeper's skip reasons (column `reason` of decisions) by what they mean for an analyst."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What we did about one victim account up to the block of its liquidation by another.

    `known`: it was in our book; `evaluated_block`: the first block we found it liquidatable; `skip`: the last skip's reason, decided at
    `skip_block`; `simulated`: did the simulation settle (None: none run); `sent_block`: head our last transaction was built on;
    `outcome`: of that attempt."""

    known: bool
    liquidated_block: int
    evaluated_block: int | None
    skip: str | None
    simulated: bool | None
    sent_block: int | None
    outcome: str | None
    skip_block: int | None = None

    @property
    def lost(self) -> bool:
        """Whether our transaction was beaten: another's was in time where ours did nothing."""
        early = self.sent_block is not None and self.sent_block < self.liquidated_block
        return self.outcome == "outbid" or (early and self.outcome not in (None, "included"))

    @property
    def skipped_after_sending(self) -> bool:
        """Whether the last skip came after our last transaction, or there was none."""
        return self.skip is not None and (self.sent_block is None or (self.skip_block or 0) > self.sent_block)


def missed_reason(stages: Stages) -> Reason:
    """The reason, from the furthest stage reached backwards: what stopped us last is what cost the liquidation."""
    if stages.skipped_after_sending and stages.skip in SKIPS[Reason.WAITING]:
        return Reason.WAITING
    if stages.lost:
        return Reason.OUTBID
    if stages.sent_block is not None:
        return Reason.LATE
    if stages.simulated is False:
        return Reason.SIMULATION_FAILED
    if stages.skip is not None:
        return next((reason for reason, words in SKIPS.items() if stages.skip in words), Reason.NOT_ALLOWED)
    if not stages.known:
        return Reason.NOT_TRACKED
    if stages.evaluated_block is None:
        return Reason.STALE
    return Reason.LATE
