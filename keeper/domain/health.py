"""Whether an account may be liquidated, and how long it is provably safe."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from keeper.domain.chain import Timestamp
from keeper.domain.money import Money

FeedId = NewType("FeedId", str)
"""Names one number of the market that watch boxes are drawn over, for example "ETH/mark" or "ETH/funding"."""


@dataclass(frozen=True, slots=True)
class Health:
    """The exact margin test at one moment. `equity` and `requirement` have the protocol's decimals, rounded as the contract rounds.

    `breach` says which of the venue's tests failed; None means healthy. `positions` is the liquidation of positions
    (equity < requirement), `collateral` the venue's earlier test for non-settlement collateral, `margin_only` the test of an account that
    owes more than its margin and has no positions left; a `flagged` account is past its test, and anybody may go on with it."""

    equity: Money
    requirement: Money
    breach: "Breach | None"

    @property
    def liquidatable(self) -> bool:
        """True where the venue would let anybody act on the account."""
        return self.breach is not None


class Breach(StrEnum):
    """Which test of the venue failed."""

    POSITIONS = "positions"
    COLLATERAL = "collateral"
    MARGIN_ONLY = "margin_only"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True)
class WatchBox:
    """While every feed stays inside its closed interval and `valid_until` is not passed, the account is provably healthy.

    A bound of None is open. Bounds are in the feed's own raw unit."""

    bounds: Mapping[FeedId, tuple[int | None, int | None]]
    valid_until: Timestamp | None = None
