"""A rival that snipes at the forecast: it sends against whom the venue's view at the next block's time calls liquidatable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.devnet.deployment import Deployment
from contracts.devnet.rivals.reacting import Reacting
from contracts.devnet.rivals.wallet import Wallet
from contracts.devnet.rpc import Rpc
from contracts.devnet.views import AccountView, account_views


class Sniping(Reacting):
    """As the reacting rival, but of the head's state at the time of the block after it: the mark goes on with time alone. A block is
    taken to last as long as the one before it."""

    def __init__(self, rpc: Rpc, deployment: Deployment, wallet: Wallet, tip_wei: int) -> None:
        super().__init__(rpc, deployment, wallet, tip_wei)
        self._head_time = int(rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def _views(self, head: Mapping[str, Any]) -> Mapping[str, AccountView]:
        previous, self._head_time = self._head_time, int(head["timestamp"], 16)
        next_time = 2 * self._head_time - previous
        addresses = self._accounts.addresses()
        return account_views(self._rpc, self._deployment, addresses, head["hash"], collateral=False, timestamp=next_time)
