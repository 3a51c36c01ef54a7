"""A rival's key at work: plans for its executor, signed one nonce after the other and sent in one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eth_account import Account

from contracts.devnet.rivals.bid import Bid
from contracts.devnet.rpc import Rpc, RpcError

PLAN_GAS = 8_000_000
"""Enough for cancelling orders in both markets, liquidating and closing."""


class Wallet:
    """Keeps count of its nonces. What the node refuses goes to `on_refusal`; it is not sent again."""

    def __init__(self, rpc: Rpc, key: str, executor: str, on_refusal: Callable[[RpcError], None]) -> None:
        self.executor = executor
        self._rpc = rpc
        self._account = Account.from_key(key)
        self._on_refusal = on_refusal
        self._chain_id = int(rpc.call("eth_chainId"), 16)
        self._nonce = 0
        self.refresh()

    @property
    def address(self) -> str:
        """The account that signs."""
        address: str = self._account.address
        return address

    def refresh(self) -> None:
        """The next nonce as the node has it, behind all that is pending."""
        self._nonce = int(self._rpc.call("eth_getTransactionCount", self.address, "pending"), 16)

    def send(self, plans: Sequence[str], bid: Bid, gas: int = PLAN_GAS) -> None:
        """Calldata of the executor, a transaction of `gas` each, all in one request."""
        calls = [("eth_sendRawTransaction", [self._signed(plan, nonce, bid, gas)]) for nonce, plan in enumerate(plans, self._nonce)]
        self._nonce += len(plans)
        for answer in self._rpc.attempt(calls):
            if isinstance(answer, RpcError):
                self._on_refusal(answer)

    def _signed(self, plan: str, nonce: int, bid: Bid, gas: int) -> str:
        envelope = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": self.executor,
                "value": 0,
                "data": plan,
                "gas": gas,
                "maxFeePerGas": bid.max_fee_wei,
                "maxPriorityFeePerGas": bid.tip_wei,
            }
        )
        return "0x" + bytes(envelope.raw_transaction).hex()
