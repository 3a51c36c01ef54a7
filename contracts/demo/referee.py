"""Watches the keeper from outside: asks the venue's own views about every account at every block, on a connection of its own."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.devnet import AccountView, Deployment, account_views
from contracts.devnet.rpc import Rpc


@dataclass(slots=True)
class Ledger:
    """What the venue's own views said: for each account the blocks in which it was liquidatable, in order."""

    breached: dict[str, list[int]] = field(default_factory=dict)
    last_block: int = 0
    liquidatable_now: int = 0

    def note(self, block: int, views: Mapping[str, AccountView]) -> None:
        """Take in one block's views."""
        self.last_block = block
        self.liquidatable_now = sum(view.liquidatable and view.requirement_18 > 0 for view in views.values())
        for account, view in views.items():
            if view.liquidatable and view.requirement_18 > 0:
                self.breached.setdefault(account.lower(), []).append(block)

    def missed(self, liquidated: Mapping[str, Sequence[int]]) -> list[str]:
        """Accounts liquidatable in at least two consecutive blocks and never liquidated from the first of those on."""
        return sorted(
            account
            for account, blocks in self.breached.items()
            if any(
                following == block + 1 and not any(done >= block for done in liquidated.get(account, ()))
                for block, following in itertools.pairwise(blocks)
            )
        )

    def lateness(self, liquidated: Mapping[str, Sequence[int]]) -> list[int]:
        """Blocks from the first one in which the account was liquidatable to each liquidation. A liquidation after which the
        account is still liquidatable starts the count anew. Negative never: one that beat the first such block counts as 0."""
        return [
            self._late(account, block, max((done for done in blocks if done < block), default=-1))
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
    """Reads the views of each block handed to `look`, in a thread, so that the block producer never waits."""

    def __init__(self, url: str, deployment: Deployment) -> None:
        self.ledger = Ledger()
        self._url = url
        self._deployment = deployment
        self._accounts = [trader.address for trader in deployment.traders]
        self._blocks: queue.Queue[int | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="referee", daemon=True)
        self._failure: Exception | None = None
        self._thread.start()

    def look(self, block: int) -> None:
        """Ask about this block soon. Raises what went wrong with an earlier one."""
        if self._failure is not None:
            raise self._failure
        self._blocks.put(block)

    def finish(self) -> Ledger:
        """Wait for the last block's views. Raises what went wrong."""
        self._blocks.put(None)
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self.ledger

    def _run(self) -> None:
        try:
            with Rpc(self._url) as rpc:
                waiting: int | None = None
                while (block := self._blocks.get()) is not None or waiting is not None:
                    # One block behind: of its newest block anvil tells the state of the one it is mining.
                    if waiting is not None:
                        self.ledger.note(waiting, account_views(rpc, self._deployment, self._accounts, hex(waiting)))
                    waiting = block
                    if block is None:
                        return
        except (RuntimeError, ConnectionError, ValueError) as error:
            # Kept for the thread that asks next: an exception of a thread would otherwise only be printed.
            self._failure = error
