"""What stage and judge need of a venue's devnet: who mines its blocks, which logs move accounts, whom the chain lets anybody liquidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from contracts.devnet.anvil import Anvil
from contracts.devnet.config import AnyDeployment
from contracts.devnet.play import Driver
from contracts.devnet.rpc import Rpc
from tests.chaos.log import Log


class Ground(Protocol):
    """A running devnet of one venue. Accounts are named as the lake names them; events by their signatures."""

    @property
    def anvil(self) -> Anvil:
        """The node."""

    @property
    def rpc(self) -> Rpc:
        """A connection of the scenario's own thread."""

    @property
    def deployment(self) -> AnyDeployment:
        """What stands on the chain."""

    @property
    def price_service(self) -> str | None:
        """Where signed prices come from. With one the chain keeps the wall clock's time, which the age of a signed price is measured by."""

    @property
    def accounts(self) -> Sequence[str]:
        """Of all traders."""

    @property
    def contracts(self) -> frozenset[str]:
        """Addresses of the venue's own, lower case."""

    @property
    def events(self) -> Mapping[str, Sequence[str]]:
        """By contract, what moves accounts. The lake may hold more events, but never fewer, and none that is not on the chain."""

    @property
    def trades(self) -> Sequence[str]:
        """Those of them that are trades."""

    @property
    def flows(self) -> Sequence[str]:
        """Those of them that each have a row in account_flows."""

    def driver(self) -> AbstractContextManager[Driver]:
        """Mines blocks, for the thread that opens it."""

    def liquidation_logs(self, logs: Sequence[Log]) -> Sequence[Log]:
        """Those that each have a row in liquidations."""

    def liquidated(self, log: Log) -> str | None:
        """Whose position, or margin, a log of a liquidation tells to be taken; None where it tells something else."""

    def breached(self, rpc: Rpc, block: str) -> frozenset[str]:
        """Whom the chain calls liquidatable at the end of a block (a number in hex, or a tag)."""

    def due(self, rpc: Rpc, block: str) -> frozenset[str]:
        """Those of them that nothing keeps anybody from liquidating."""

    def margins(self, rpc: Rpc, accounts: Sequence[str], block: str) -> Mapping[str, tuple[int, int]]:
        """(equity, requirement) by account as the chain's own views have them, USD with 18 decimals."""
