"""Whether a rollup's sequencer is up, as Chainlink's L2 sequencer uptime feed tells it.

Source: AggregatorV3Interface.latestRoundData, whose answer is 0 while the sequencer is up and 1 while it is down, and whose startedAt is
the time of the last change. While it is down, and for a grace period afterwards, prices on the chain are old, and whoever can only send
through the sequencer cannot save his account."""

from dataclasses import dataclass

from keeper.domain.calldata import number
from keeper.domain.chain import Address, Call, Reads, Timestamp

_LATEST_ROUND_DATA = bytes.fromhex("feaf968c")
"""Selector of latestRoundData()."""


@dataclass(frozen=True, slots=True)
class Sequencer:
    """Up or down since a block time."""

    up: bool
    since: Timestamp


def sequencer(feed: Address) -> Reads[Sequencer | None]:
    """Its state at a block; None where nothing at `feed` answers as a feed with a round."""
    (answer,) = yield [Call(feed, _LATEST_ROUND_DATA)]
    status, since = number(answer, 1), number(answer, 2)
    if status not in (0, 1) or not since:
        return None
    return Sequencer(status == 0, Timestamp(since))
