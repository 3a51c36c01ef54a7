"""A venue that is up on a chain of its own, as a run by the clock on the wall needs it, whatever protocol it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from contracts.demo.assets import Assets, Prices
from contracts.demo.ledger import Ledger
from contracts.devnet.config import Site
from contracts.devnet.play import Driver

SET_UP_SECONDS = 5_400
"""More than a set-up takes, in chain time: a chain begins so long ago and, once it is set up, keeps the time of the wall."""
SLOTS_IN_EPOCH = 4


class Ground(Protocol):
    """What is played on, and what the keeper is judged by. Not for use from several threads at a time."""

    @property
    def site(self) -> Site:
        """How a keeper reaches it, under the venue's name."""

    @property
    def driver(self) -> Driver:
        """What mines its blocks."""

    @property
    def traders(self) -> int:
        """How many."""

    def start_prices_8(self) -> Mapping[str, int]:
        """Index price at the start by market name, 8 decimals."""

    def head(self) -> int:
        """Number of the newest block."""

    def unfinished(self) -> int:
        """Accounts whose liquidation takes several calls and is not done, at the newest block."""

    def assets(self) -> Assets:
        """What the keeper owns at the newest block."""

    def prices(self) -> Prices:
        """What that is worth at the newest block."""

    def judge(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Ledger:
        """The venue's own views of every account at every one of these blocks. Raises RpcError, RpcUnavailable."""
