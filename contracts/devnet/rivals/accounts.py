"""Whom a rival knows, from the venue's logs alone: who holds what, who has orders, and the plan against each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata
from contracts.devnet.deployment import Deployment
from contracts.devnet.executor import PlanCall, execution, liquidate_and_close
from contracts.devnet.rpc import Rpc

_TRADED = "0x" + keccak(text="PositionChanged(address,address,int256,int256,uint256,int256,int256,uint256)").hex()
_PROVIDED = "0x" + keccak(text="LiquidityChanged(address,address,address,int24,int24,int256,int256,int128,uint256)").hex()
_OPEN_NOTIONAL = slice(2 + 3 * 64, 2 + 4 * 64)
"""Where PositionChanged has the position's open notional after the trade."""
_CANCEL = "cancelAllExcessOrders(address,address)"


class KnownAccounts:
    """Every account with a position or with orders, by (lower-case) address. `newest_block`: up to it the logs are read."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._core = deployment.core
        self._notionals: dict[str, dict[str, int]] = {}
        self._orders: dict[str, set[str]] = {}
        self.newest_block = deployment.start_block
        self.follow()

    def follow(self) -> None:
        """Takes in the logs since the last time, the newest block's again: a node refuses to look above its head.

        Raises RpcError."""
        topics = {"address": self._core.clearing_house, "topics": [[_TRADED, _PROVIDED]]}
        span = {"fromBlock": hex(self.newest_block), "toBlock": "latest"}
        head, logs = self._rpc.batch([("eth_blockNumber", []), ("eth_getLogs", [topics | span])])
        for log in logs:
            self._take(log)
        self.newest_block = int(head, 16)

    def addresses(self) -> Sequence[str]:
        """Whom to ask the venue about."""
        holders = {account for account, notionals in self._notionals.items() if any(notionals.values())}
        return sorted(holders | self._orders.keys())

    def plan(self, account: str) -> str:
        """Calldata of an executor: orders cancelled where they can be, as much as the venue allows taken over in the account's largest
        market and closed again, at any price at which nothing is lost."""
        cancels = [self._cancel(account, base) for base in sorted(self._orders.get(account, ()))]
        return execution([*cancels, *liquidate_and_close(self._core, account, self._market(account))], 0)

    def _take(self, log: Mapping[str, Any]) -> None:
        topic, *words = log["topics"][:3]
        account, base = ("0x" + word[-40:] for word in words)
        if topic == _PROVIDED:
            self._orders.setdefault(account, set()).add(base)
        else:
            notional = int.from_bytes(bytes.fromhex(log["data"][_OPEN_NOTIONAL]), "big", signed=True)
            self._notionals.setdefault(account, {})[base] = abs(notional)

    def _market(self, account: str) -> str:
        """Base token of the largest position; of a maker who never traded, of any of the orders."""
        notionals = dict.fromkeys(sorted(self._orders.get(account, ())), 0) | self._notionals.get(account, {})
        return max(notionals, key=lambda base: notionals[base])

    def _cancel(self, account: str, base: str) -> PlanCall:
        return (self._core.clearing_house, 0, bytes.fromhex(calldata(_CANCEL, account, base)[2:]), True)
