"""A rollup whose sequencer is down, or was until a moment ago."""

from keeper.domain.chain import Address, Reads, Timestamp
from keeper.domain.sequencer import Sequencer, sequencer


class SequencerUptime:
    """The state as last read: `reads` goes along with a block's market reads. `grace_s`: for how long after its return nothing is sent."""

    def __init__(self, feed: Address, grace_s: int) -> None:
        self._feed = feed
        self._grace_s = grace_s
        self._state: Sequencer | None = None
        self._read = False

    def reads(self) -> Reads[Sequencer | None]:
        """The question for the feed."""
        return sequencer(self._feed)

    def take(self, state: Sequencer | None, /) -> None:
        """What was read. A feed that does not answer is no sign that all is well."""
        self._state, self._read = state, True

    def problem(self, now: Timestamp) -> str | None:
        """Why nothing is sent at block time `now`; None also before the first block was read, when there is nothing to send."""
        if not self._read:
            return None
        if self._state is None:
            return f"{self._feed} does not answer as an uptime feed; correct sequencer_feed of the chain, or remove it"
        if not self._state.up:
            return f"the sequencer is down since block time {self._state.since}"
        if now - self._state.since < self._grace_s:
            return f"the sequencer is back since block time {self._state.since}, {self._grace_s} s of grace are waited for"
        return None
