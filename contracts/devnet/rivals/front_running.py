"""A rival that front-runs: it reads the pool, and copies a liquidation of somebody else's with a higher bid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_utils.crypto import keccak

from contracts.devnet.rivals.bid import Bid
from contracts.devnet.rivals.wallet import Wallet
from contracts.devnet.rpc import Rpc

_LIQUIDATE = keccak(text="liquidate(address,address,int256)")[:4].hex()


class FrontRunning:
    """It computes nothing: the very calldata, with the very gas, for its own executor."""

    topic = "newPendingTransactions"

    def __init__(self, rpc: Rpc, wallet: Wallet) -> None:
        self._rpc = rpc
        self._wallet = wallet

    def hear(self, transaction_hash: str) -> None:
        """The hash of a transaction that is new in the pool. Raises RpcError, RpcUnavailable."""
        transaction = self._rpc.call("eth_getTransactionByHash", transaction_hash)
        if transaction is None or not self._worth_a_copy(transaction):
            return
        bid = Bid(int(transaction["maxFeePerGas"], 16), int(transaction["maxPriorityFeePerGas"], 16))
        self._wallet.refresh()
        self._wallet.send([transaction["input"]], bid.above(), int(transaction["gas"], 16))

    def _worth_a_copy(self, transaction: Mapping[str, Any]) -> bool:
        """A liquidation of somebody else's; one that is in a block already is lost."""
        own = transaction["from"].lower() == self._wallet.address.lower()
        return not own and transaction["blockNumber"] is None and _LIQUIDATE in transaction["input"]
