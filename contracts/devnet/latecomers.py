"""Traders who come late: they sell into a fall, once it has gone far enough for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.devnet.chain import Transaction
from contracts.devnet.deployment import Deployment, Trader
from contracts.devnet.rpc import Rpc, RpcError
from contracts.devnet.trading import open_position

_BPS = 10_000
_A_BLOCK = 6
"""Most of them asked about per block: a crowd does not arrive in one instant."""
_SET_UP_TRANSACTIONS = 3
"""mint, approve, deposit: who has sent more has entered already."""


class Latecomers:
    """Those who have not entered yet. The chain says who has (by nonce), so a new run finds the same."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._deployment = deployment
        late = [trader for trader in deployment.traders if trader.style == "late"]
        nonces = rpc.batch([("eth_getTransactionCount", [trader.address, "latest"]) for trader in late])
        self._waiting = [
            trader for trader, nonce in zip(late, nonces, strict=True) if int(nonce, 16) <= _SET_UP_TRANSACTIONS
        ]
        rpc.batch([("anvil_impersonateAccount", [trader.address]) for trader in self._waiting])

    def entering(self, index_8: Mapping[str, int], timestamp: int) -> Sequence[Transaction]:
        """The trades of those who enter in the block of `timestamp`: the price is low enough, and the venue lets them.

        The venue may not, while the mark lags behind the market and their margin is short of 10 %: they wait.
        """
        willing = [trader for trader in self._waiting if self._wants(trader, index_8)][:_A_BLOCK]
        trades = [self._trade(trader) for trader in willing]
        answers = self._rpc.attempt([simulated(trade, timestamp) for trade in trades])
        entering = [trade for trade, answer in zip(trades, answers, strict=True) if not isinstance(answer, RpcError)]
        senders = {trade.sender for trade in entering}
        refused = [trader for trader in willing if trader.address not in senders]
        rest = [trader for trader in self._waiting if trader not in willing]
        self._waiting = rest + refused
        return entering

    def _wants(self, trader: Trader, index_8: Mapping[str, int]) -> bool:
        position = trader.positions[0]
        start_8 = self._deployment.market(position.market).start_price_8
        return index_8[position.market] * _BPS <= start_8 * (_BPS - trader.enters_below_bps)

    def _trade(self, trader: Trader) -> Transaction:
        position = trader.positions[0]
        market = self._deployment.market(position.market)
        return open_position(self._deployment.core, market, trader.address, position)


def simulated(trade: Transaction, timestamp: int) -> tuple[str, list[object]]:
    """The eth_call that shows how a transaction would fare in a block of that time, on the newest state."""
    call = {"from": trade.sender, "to": trade.to, "data": trade.data, "gas": hex(trade.gas)}
    return ("eth_call", [call, "latest", {}, {"time": hex(timestamp)}])
