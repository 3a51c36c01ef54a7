"""A rival that reacts: at each head it asks the venue's own view of everybody, and sends at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.devnet.deployment import Deployment
from contracts.devnet.rivals.accounts import KnownAccounts
from contracts.devnet.rivals.bid import bid_at
from contracts.devnet.rivals.wallet import Wallet
from contracts.devnet.rpc import Rpc
from contracts.devnet.views import AccountView, account_views


class Reacting:
    """Two requests: the view of every account it knows at the head's block, then all transactions. What the next head needs is read
    after that."""

    topic = "newHeads"

    def __init__(self, rpc: Rpc, deployment: Deployment, wallet: Wallet, tip_wei: int) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._wallet = wallet
        self._tip_wei = tip_wei
        self._accounts = KnownAccounts(rpc, deployment)

    def hear(self, head: Mapping[str, Any]) -> None:
        """A head as the node announces it. Of those that came while it worked only the newest counts. Raises RpcError, RpcUnavailable."""
        if int(head["number"], 16) < self._accounts.newest_block:
            return
        plans = [self._accounts.plan(account) for account, view in self._views(head).items() if _due(view)]
        self._wallet.send(plans, bid_at(int(head["baseFeePerGas"], 16), self._tip_wei))
        self._accounts.follow()
        self._wallet.refresh()

    def _views(self, head: Mapping[str, Any]) -> Mapping[str, AccountView]:
        return account_views(self._rpc, self._deployment, self._accounts.addresses(), head["hash"], collateral=False)


def _due(view: AccountView) -> bool:
    """Without a position there is nothing to liquidate, whatever the account's value."""
    return view.liquidatable and view.requirement_18 > 0
