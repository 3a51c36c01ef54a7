"""A block of Synthetix V3: prices are published, some are brought to the chain, orders are settled, traders trade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from contracts.devnet.chain import Chain, MinedBlock
from contracts.devnet.mining import manual_mining
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deployment import SynthetixDeployment
from contracts.devnet.synthetix_v3.flow import OrderFlow
from contracts.devnet.synthetix_v3.order import pending_orders
from contracts.devnet.synthetix_v3.prices import price_id_of, publish, push
from contracts.devnet.synthetix_v3.settlement import Settler

# What was found acceptable at the last block comes before what changes prices, and that before everybody else's.
_SETTLEMENT_TIP = 120_000_000_000
_TRADE_TIP = 110_000_000_000
_PUSH_TIP = 100_000_000_000


@dataclass(frozen=True, slots=True)
class Habits:
    """How the people of a devnet behave: `push_every` blocks somebody brings the prices to the chain (0: never); whether they
    trade at random."""

    push_every: int = 5
    trading: bool = True


class SynthetixDriver:
    """Publishes prices and mines blocks. It reads what it needs from the chain and from Pyth, so that it may be made anew at any
    time, and a reorg that takes its transactions back is mended in the blocks after it."""

    def __init__(self, url: str, deployment: SynthetixDeployment, pythnet: Pythnet, habits: Habits | None = None) -> None:
        self._rpc = Rpc(url)
        self._chain = Chain.at_head(self._rpc)
        self._deployment = deployment
        self._pythnet = pythnet
        self._habits = habits or Habits()
        self._settler = Settler(self._rpc, deployment, pythnet, _SETTLEMENT_TIP)
        self._flow = OrderFlow(self._rpc, deployment)
        people = (deployment.settler, *(trader.address for trader in deployment.traders))
        self._rpc.batch([("anvil_impersonateAccount", [person]) for person in people])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._rpc.close()

    def step(self, wanted_8: Mapping[str, int], timestamp: int, base_fee: int | None = None) -> MinedBlock:
        """One block at `timestamp`, for which each named market has the price `wanted_8` at Pyth (8 decimals)."""
        self._chain.now = timestamp
        if self._habits.trading:
            self._queue_trades(timestamp)
        self.publish(wanted_8, timestamp)
        height = int(self._rpc.call("eth_blockNumber"), 16)
        if self._habits.push_every and height % self._habits.push_every == 0:
            self.queue_push()
        if base_fee is not None:
            self._rpc.call("anvil_setNextBlockBaseFeePerGas", hex(base_fee))
        return self._chain.produce(timestamp)

    def publish(self, prices_8: Mapping[str, int], publish_time: int) -> None:
        """Prices at Pyth, those of the markets that are not named once more; none is on the chain yet."""
        publish(self._pythnet, self._deployment.markets, {**self.prices_8(), **prices_8}, publish_time)

    def queue_push(self) -> None:
        """The next block brings the newest prices to the chain."""
        deployment = self._deployment
        self._chain.queue(push(self._pythnet, deployment.contracts.pyth, deployment.settler, deployment.markets, _PUSH_TIP))

    def move(self, market: str, target_8: int, seconds: int = 2) -> MinedBlock:
        """One block, `seconds` after the newest, that has the new price of a market on the chain."""
        with manual_mining(self._rpc):
            timestamp = self.head_time() + seconds
            self.publish({market: target_8}, timestamp)
            self.queue_push()
            return self._chain.produce(timestamp)

    def prices_8(self) -> Mapping[str, int]:
        """The newest at Pyth by market, 8 decimals; where it has none yet, the start price."""
        newest = self._pythnet.newest
        messages = newest.messages if newest is not None else {}
        feeds = {market.name: messages.get(price_id_of(market)) for market in self._deployment.markets}
        start_8 = self._deployment.start_prices_8()
        return {name: start_8[name] if message is None else message.price_raw for name, message in feeds.items()}

    def head_time(self) -> int:
        """Timestamp of the newest block."""
        return int(self._rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def _queue_trades(self, timestamp: int) -> None:
        orders = pending_orders(self._rpc, self._deployment)
        for transaction in self._settler.transactions(orders, timestamp):
            self._chain.queue(transaction)
        busy = {order.account_id for order in orders if not order.expired_at(timestamp)}
        for transaction in self._flow.transactions(self.prices_8(), timestamp, busy):
            self._chain.queue(replace(transaction, tip=_TRADE_TIP))
