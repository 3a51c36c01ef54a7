"""Moving prices: the index first, then the pools after it as arbitrageurs would, then those who trade on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from contracts.devnet.arbitrage import arbitrage
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain, DevnetError, MinedBlock
from contracts.devnet.deployment import Deployment, Feed, Market
from contracts.devnet.latecomers import Latecomers, accepted
from contracts.devnet.mining import manual_mining
from contracts.devnet.pricing import price_8
from contracts.devnet.rpc import Rpc
from contracts.devnet.spot import spot_sqrt_x96, trade_spot

_SLOT0 = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
# In a block, the new index comes before the trades it causes, and those before everybody else's.
_ORACLE_TIP = 100_000_000_000
_ARBITRAGE_TIP = 90_000_000_000
_FIRM_SECONDS = 16
"""The venue's tick limit and the short TWAP are both of 15 s."""
_MAX_STEPS = 12
_SPOT_TOLERANCE = 4_000
"""Of the square root: twice as much of the price, which is the fee of the pools."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A market's prices at a block, 8 decimals."""

    index_8: int
    spot_8: int


class MarketDriver:
    """Writes oracle answers and trades the pools to them. It reads what it needs from the chain, so that it may be
    made anew at any time, and a reorg that takes its transactions back is mended in the next block."""

    def __init__(self, url: str, deployment: Deployment) -> None:
        self._rpc = Rpc(url)
        self._chain = Chain.at_head(self._rpc)
        self._deployment = deployment
        self._late = Latecomers(self._rpc, deployment)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._rpc.close()

    def quotes(self) -> Mapping[str, Quote]:
        """Index and pool price by market at the newest block."""
        markets = self._deployment.markets
        calls = [(market.aggregator, "latestAnswer()") for market in markets] + [(m.pool, "slot0()") for m in markets]
        answers = self._rpc.batch([_call(to, signature) for to, signature in calls])
        indices = [returned(("int256",), answer)[0] for answer in answers[: len(markets)]]
        spots = [price_8(returned(_SLOT0, answer)[0]) for answer in answers[len(markets) :]]
        pairs = zip(markets, indices, spots, strict=True)
        return {market.name: Quote(index, spot) for market, index, spot in pairs}

    def step(self, wanted_8: Mapping[str, int], timestamp: int, base_fee: int | None = None) -> MinedBlock:
        """One block at `timestamp` in which each named market's index is `wanted_8` and its pool follows."""
        self._chain.now = timestamp
        before = self.quotes()
        goal = {name: quote.index_8 for name, quote in before.items()} | dict(wanted_8)
        for name, quote in before.items():
            market = self._deployment.market(name)
            if goal[name] != quote.index_8:
                self._answer(market, goal[name])
            self._arbitrage(market, quote.spot_8, goal[name], timestamp)
        self._trade_spot(goal)
        for trade in self._late.entering(goal, timestamp):
            self._chain.queue(trade)
        if base_fee is not None:
            self._rpc.call("anvil_setNextBlockBaseFeePerGas", hex(base_fee))
        return self._chain.produce(timestamp)

    def move(self, market: str, target_8: int) -> None:
        """Moves index and pool of a market to `target_8` and lets the mark arrive, in blocks 16 s apart.

        Raises DevnetError if the pool did not come within 0.2 % in 12 blocks.
        """
        with manual_mining(self._rpc):
            for _ in range(_MAX_STEPS):
                self.step({market: target_8}, self.head_time() + _FIRM_SECONDS)
                if abs(self.quotes()[market].spot_8 - target_8) * 500 <= target_8:
                    self.step({}, self.head_time() + _FIRM_SECONDS)
                    return
        raise DevnetError(f"{market} did not reach {target_8}")

    def _answer(self, market: Market, index_8: int) -> None:
        followers = [item.price for item in self._deployment.collaterals if item.follows == market.name]
        for feed in (market.price, *followers):
            self._update(feed, index_8)

    def _update(self, feed: Feed, index_8: int) -> None:
        owner = self._deployment.owner
        self._chain.send(owner, feed.aggregator, "setAnswer(int256)", index_8, tip=_ORACLE_TIP)
        self._chain.send(owner, feed.feed, "update()", tip=_ORACLE_TIP)

    def _arbitrage(self, market: Market, spot_8: int, target_8: int, timestamp: int) -> None:
        """Not if the venue would refuse: the tick limit gives way 15 s after the last step."""
        trade = arbitrage(self._deployment, market, spot_8, target_8)
        if trade is not None and accepted(self._rpc, trade, timestamp):
            self._chain.queue(replace(trade, tip=_ARBITRAGE_TIP))

    def _trade_spot(self, goal_8: Mapping[str, int]) -> None:
        """Brings the collaterals' own pools to the prices their oracles say."""
        deployment = self._deployment
        slots = self._rpc.batch([_call(item.pool, "slot0()") for item in deployment.spot_pools])
        for collateral, spot, slot in zip(deployment.collaterals, deployment.spot_pools, slots, strict=True):
            target_8 = goal_8[collateral.follows]
            present, target = returned(_SLOT0, slot)[0], spot_sqrt_x96(deployment.usdc, collateral, target_8)
            if abs(present - target) * _SPOT_TOLERANCE > target:
                trade_spot(self._chain, deployment.pool_trader, deployment.usdc, collateral, spot.pool, target_8, tip=_ARBITRAGE_TIP)

    def head_time(self) -> int:
        """Timestamp of the newest block."""
        return int(self._rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def _call(to: str, signature: str) -> tuple[str, list[object]]:
    return ("eth_call", [{"to": to, "data": calldata(signature)}, "latest"])
