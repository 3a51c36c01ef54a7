"""A node without a chain for several accounts: each has a count and a pool of its own, and the test says whose transactions are mined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from keeper.domain.chain import BlockRef
from tests.keeper.execution.quiet_node import QuietNode


@dataclass
class SharedNode(QuietNode):
    """`counts` and `pools` by sender; a pool holds the newest hash of each nonce."""

    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    pools: defaultdict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))

    def mine_of(self, sender: str, at: BlockRef, most: int = 100) -> list[str]:
        """Up to so many of the account's transactions into a block, in the order of their nonces; returns their hashes."""
        hashes: list[str] = []
        while self.counts[sender] in self.pools[sender] and len(hashes) < most:
            name = self.pools[sender].pop(self.counts[sender])
            self.mine(name, at)
            self.counts[sender] += 1
            hashes.append(name)
        return hashes

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_getTransactionCount":
            return hex(self.counts[params[0]])
        return super()._answer(method, params)

    def _take(self, raw: str) -> str:
        name = super()._take(raw)
        nonce = int(TypedTransaction.from_bytes(HexBytes(raw)).as_dict()["nonce"])
        self.pools[Account.recover_transaction(raw).lower()][nonce] = name
        return name
