"""Orders that have been committed and not settled yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deployment import Market, SynthetixDeployment

_ORDER = ("(uint256,(uint128,uint128,int128,uint128,uint256,bytes32,address))",)
_AGGREGATE = "aggregate3((address,bool,bytes)[])"


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """An account's order; there is at most one. Times in unix seconds, the size with 18 decimals."""

    account_id: int
    market: Market
    size_delta_18: int
    commitment_time: int

    @property
    def price_time(self) -> int:
        """It is filled at the first price published then or later."""
        return self.commitment_time + self.market.price_delay

    def open_at(self, timestamp: int) -> bool:
        """Whether it may be settled in a block of that time."""
        settlement = self.commitment_time + self.market.settlement_delay
        return settlement <= timestamp <= settlement + self.market.settlement_window

    def expired_at(self, timestamp: int) -> bool:
        """Whether nobody can settle it any more: the account may commit another."""
        return timestamp > self.commitment_time + self.market.settlement_delay + self.market.settlement_window


def pending_orders(rpc: Rpc, deployment: SynthetixDeployment) -> Sequence[PendingOrder]:
    """All traders' orders at the newest block, expired ones too. Source: AsyncOrderModule.getOrder."""
    market, accounts = deployment.contracts.perps_market, [trader.account_id for trader in deployment.traders]
    calls = [(market, False, bytes.fromhex(calldata("getOrder(uint128)", account)[2:])) for account in accounts]
    answer = rpc.call("eth_call", {"to": deployment.multicall, "data": calldata(_AGGREGATE, calls)}, "latest")
    markets = {item.market_id: item for item in deployment.markets}
    orders = [_order(data, markets) for _, data in returned(("(bool,bytes)[]",), answer)[0]]
    return [order for order in orders if order is not None]


def _order(data: bytes, markets: Mapping[int, Market]) -> PendingOrder | None:
    commitment_time, (market_id, account_id, size_delta_18, *_) = returned(_ORDER, "0x" + data.hex())[0]
    return PendingOrder(account_id, markets[market_id], size_delta_18, commitment_time) if size_delta_18 else None
