"""Traders who come late: they sell into a fall, once it has gone far enough for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contracts.devnet.chain import Transaction
from contracts.devnet.deployment import Deployment, Trader
from contracts.devnet.rpc import Rpc, RpcError
from contracts.devnet.trading import open_position

_BPS = 10_000
_SPARE_BPS = 11_000
_SET_UP_TRANSACTIONS = 3
"""mint, approve, deposit: who has sent more has entered already."""


class Latecomers:
    """Those who have not entered yet. The chain says who has (by nonce), so a new run finds the same."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self._rpc = rpc
        self._deployment = deployment
        late = [trader for trader in deployment.traders if trader.style == "late"]
        nonces = rpc.batch([("eth_getTransactionCount", [trader.address, "latest"]) for trader in late])
        self._waiting = [trader for trader, nonce in zip(late, nonces, strict=True) if int(nonce, 16) <= _SET_UP_TRANSACTIONS]
        rpc.batch([("anvil_impersonateAccount", [trader.address]) for trader in self._waiting])

    def entering(self, index_8: Mapping[str, int], timestamp: int) -> Sequence[Transaction]:
        """The trades of those who enter in the block of `timestamp`, at most one in each market.

        `index_8` is what the index will be in that block. Who wants to enter asks the venue first, for a little more
        than he needs: the market may move before his trade, and while the mark lags behind it, margin is short.
        """
        entering = [self._next(market, price_8, timestamp) for market, price_8 in index_8.items()]
        return [trade for trade in entering if trade is not None]

    def _next(self, market: str, index_8: int, timestamp: int) -> Transaction | None:
        for trader in [waiting for waiting in self._waiting if self._wants(waiting, market, index_8)]:
            if accepted(self._rpc, self._trade(trader, _SPARE_BPS), timestamp):
                self._waiting.remove(trader)
                return self._trade(trader, _BPS)
        return None

    def _wants(self, trader: Trader, market: str, index_8: int) -> bool:
        if trader.positions[0].market != market:
            return False
        start_8 = self._deployment.market(market).start_price_8
        return index_8 * _BPS <= start_8 * (_BPS - trader.enters_below_bps)

    def _trade(self, trader: Trader, size_bps: int) -> Transaction:
        template = trader.positions[0]
        position = replace(template, notional_usd=template.notional_usd * size_bps // _BPS)
        return open_position(self._deployment.core, self._deployment.market(template.market), trader.address, position)


def accepted(rpc: Rpc, trade: Transaction, timestamp: int) -> bool:
    """Whether a transaction would succeed in a block of that time, on the newest state."""
    call = {"from": trade.sender, "to": trade.to, "data": trade.data, "gas": hex(trade.gas)}
    answer = rpc.attempt([("eth_call", [call, "latest", {}, {"time": hex(timestamp)}])])[0]
    return not isinstance(answer, RpcError)
