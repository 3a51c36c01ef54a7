"""Judges the keeper on Synthetix V3 from outside: by the venue's own views of every account at every block, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from contracts.demo.ledger import Ledger, Margin
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3 import AccountView, SynthetixDeployment, account_views, flagged_accounts


class SynthetixReferee:
    """Judges the run when it is over, from the node's history, at the prices the chain had, not at those Pyth alone had."""

    def __init__(self, url: str, deployment: SynthetixDeployment) -> None:
        self._url = url
        self._deployment = deployment
        self._accounts = [trader.account_id for trader in deployment.traders]

    def judge(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Ledger:
        """The venue's own views of every account at every one of these blocks. Raises RpcError, RpcUnavailable."""
        ledger = Ledger()
        with Rpc(self._url) as rpc:
            for block in blocks:
                views = account_views(rpc, self._deployment, self._accounts, hex(block))
                note(ledger, block, views, flagged_accounts(rpc, self._deployment, hex(block)))
                on_block()
        return ledger


def note(ledger: Ledger, block: int, views: Mapping[int, AccountView], flagged: Sequence[int]) -> None:
    """Takes in the views of a block. Whoever owes more than the margin of an account without positions is liquidatable too."""
    breached = [str(account) for account, view in views.items() if view.liquidatable or view.margin_liquidatable]
    ledger.note(block, breached, [str(account) for account in flagged])
    for account, view in views.items():
        ledger.margins[str(account), block] = Margin(view.available_margin_18, view.maintenance_requirement_18)
