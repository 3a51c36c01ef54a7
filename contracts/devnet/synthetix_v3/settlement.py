"""What a settler does: bring the price an order waits for, then settle it, or cancel what cannot be filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import Transaction
from contracts.devnet.latecomers import accepted
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.rpc import Rpc, RpcError
from contracts.devnet.synthetix_v3.deployment import Market, SynthetixDeployment
from contracts.devnet.synthetix_v3.order import PendingOrder
from contracts.devnet.synthetix_v3.prices import bring_benchmark, price_id_of
from contracts.devnet.synthetix_v3.trading import cancel_order, settle_order


class Settler:
    """Prices are brought in one block and used in a later one, so that the node can say beforehand what will be accepted."""

    def __init__(self, rpc: Rpc, deployment: SynthetixDeployment, pythnet: Pythnet, tip: int) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._pythnet = pythnet
        self._tip = tip

    def transactions(self, orders: Sequence[PendingOrder], timestamp: int) -> Sequence[Transaction]:
        """What is to be sent for the orders that are open in a block of that time."""
        due = [order for order in orders if order.open_at(timestamp)]
        demands = {(order.market, order.price_time) for order in due if not self._has_benchmark(order)}
        prices = [self._benchmark(market, time) for market, time in sorted(demands, key=lambda pair: (pair[1], pair[0].name))]
        fillable = [order for order in due if (order.market, order.price_time) not in demands]
        ends = [self._end(order, timestamp) for order in fillable]
        return [transaction for transaction in (*prices, *ends) if transaction is not None]

    def _benchmark(self, market: Market, time: int) -> Transaction | None:
        contracts = self._deployment.contracts
        return bring_benchmark(self._pythnet, contracts.pyth, self._deployment.settler, market, time, self._tip)

    def _end(self, order: PendingOrder, timestamp: int) -> Transaction | None:
        """An order that is neither accepted for settlement nor for cancellation is left to expire."""
        contracts, settler = self._deployment.contracts, self._deployment.settler
        for transaction in (settle_order(contracts, settler, order.account_id), cancel_order(contracts, settler, order.account_id)):
            if accepted(self._rpc, transaction, timestamp):
                return replace(transaction, tip=self._tip)
        return None

    def _has_benchmark(self, order: PendingOrder) -> bool:
        data = calldata("getBenchmarkPrice(bytes32,uint64)", price_id_of(order.market), order.price_time)
        answer = self._rpc.attempt([("eth_call", [{"to": self._deployment.contracts.pyth, "data": data}, "latest"])])[0]
        return not isinstance(answer, RpcError)
