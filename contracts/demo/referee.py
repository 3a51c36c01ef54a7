"""Judges the keeper from outside: by the venue's own views of every account at every block, on connections of its own."""

from __future__ import annotations

import itertools
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from contracts.devnet import AccountView, Deployment, account_views
from contracts.devnet.rpc import Rpc


@dataclass(slots=True)
class Ledger:
    """What the venue's own views said: for each account the blocks in which it was liquidatable, in order."""

    breached: dict[str, list[int]] = field(default_factory=dict)

    def note(self, views: Mapping[int, Mapping[str, AccountView]]) -> None:
        """Take in the views of some blocks. Without a position there is nothing to liquidate, whatever the account's value."""
        for block, accounts in views.items():
            for account, view in accounts.items():
                if view.liquidatable and view.requirement_18 > 0:
                    insort(self.breached.setdefault(account.lower(), []), block)

    def missed(self, liquidated: Mapping[str, Sequence[int]]) -> list[str]:
        """Accounts liquidatable in at least two consecutive blocks and never liquidated from the first of those on."""
        return sorted(
            account
            for account, blocks in self.breached.items()
            if any(
                following == block + 1 and not any(number >= block for number in liquidated.get(account, ()))
                for block, following in itertools.pairwise(blocks)
            )
        )

    def lateness(self, liquidated: Mapping[str, Sequence[int]]) -> list[int]:
        """Blocks from the first one in which the account was liquidatable to each liquidation. A liquidation after which the
        account is still liquidatable starts the count anew. Negative never: one that beat the first such block counts as 0."""
        return [
            self._late(account, block, max((number for number in blocks if number < block), default=-1))
            for account, blocks in liquidated.items()
            for block in blocks
        ]

    def _late(self, account: str, included: int, previous: int) -> int:
        stretch = [block for block in self.breached.get(account, ()) if previous <= block < included]
        first = included
        for block in reversed(stretch):
            if block != first - 1:
                break
            first = block
        return included - first


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
                ledger.note(views)
        return ledger

    def _views(self, blocks: Sequence[int], on_block: Callable[[], None]) -> Mapping[int, Mapping[str, AccountView]]:
        views: dict[int, Mapping[str, AccountView]] = {}
        with Rpc(self._url) as rpc:
            for block in blocks:
                views[block] = account_views(rpc, self._deployment, self._accounts, hex(block), collateral=False)
                on_block()
        return views
