"""Judges the keeper on Perp V2 from outside: by the venue's own views of every account at every block, on connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from contracts.demo.ledger import Ledger, Margin
from contracts.devnet import AccountView, Deployment, account_views
from contracts.devnet.rpc import Rpc


class Referee:
    """Judges the run when it is over, from the node's history: while it lasted the machine belonged to the keeper."""

    _CONNECTIONS = 2

    def __init__(self, url: str, deployment: Deployment) -> None:
        self._url = url
        self._deployment = deployment
        self._accounts = [trader.address for trader in deployment.traders]

    def judge(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Ledger:
        """The venue's own views of every account at every one of these blocks. Raises RpcError, RpcUnavailable."""
        ledger = Ledger()
        shares = [blocks[start :: self._CONNECTIONS] for start in range(self._CONNECTIONS)]
        with ThreadPoolExecutor(self._CONNECTIONS, "referee") as pool:
            for views in pool.map(lambda share: self._views(share, on_block), shares):
                for block, accounts in views.items():
                    note(ledger, block, accounts)
        return ledger

    def _views(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Mapping[int, Mapping[str, AccountView]]:
        views: dict[int, Mapping[str, AccountView]] = {}
        with Rpc(self._url) as rpc:
            for block in blocks:
                views[block] = account_views(rpc, self._deployment, self._accounts, hex(block), collateral=False)
                on_block()
        return views


def note(ledger: Ledger, block: int, views: Mapping[str, AccountView]) -> None:
    """Takes in the views of a block. Without a position there is nothing to liquidate, whatever the account's value."""
    ledger.note(block, [account.lower() for account, view in views.items() if view.liquidatable and view.requirement_18 > 0])
    for account, view in views.items():
        ledger.margins[account.lower(), block] = Margin(view.account_value_18, view.requirement_18)
