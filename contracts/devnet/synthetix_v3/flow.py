"""Order flow: what traders do between the first positions and the end, drawn from the seed and the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Transaction
from contracts.devnet.latecomers import accepted
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deployment import SNX_USD, Market, SynthetixDeployment, Trader
from contracts.devnet.synthetix_v3.trading import commit_order, modify_collateral, pay_debt
from contracts.devnet.synthetix_v3.views import position_size_18

_BPS = 10_000
_COUNTS, _COUNT_WEIGHTS = (0, 1, 2, 3), (40, 35, 15, 10)
_DEEDS, _DEED_WEIGHTS = ("order", "deposit", "withdrawal", "debt"), (60, 15, 15, 10)
_REDUCTION_SHARE = 0.6
"""Of the orders of those who have a position in the market."""
_LIMIT_SHARE = 0.3
_LIMIT_BPS = (-5, 40)
"""Around the index: many limit orders are filled, some cannot be and are cancelled."""


class OrderFlow:
    """Proposes what the venue would accept at the newest block. It remembers nothing: the same time gives the same draw."""

    def __init__(self, rpc: Rpc, deployment: SynthetixDeployment) -> None:
        self._rpc = rpc
        self._deployment = deployment

    def transactions(self, prices_8: Mapping[str, int], timestamp: int, busy: Collection[int]) -> Sequence[Transaction]:
        """What traders send in a block of that time; accounts in `busy` have an order already."""
        random = Random(f"flow/{self._deployment.seed}/{timestamp}")
        free = [trader for trader in self._deployment.traders if trader.account_id not in busy]
        count = min(random.choices(_COUNTS, _COUNT_WEIGHTS)[0], len(free))
        proposals = [self._proposal(random, trader, prices_8) for trader in random.sample(free, count)]
        return [item for item in proposals if item is not None and accepted(self._rpc, item, timestamp)]

    def _proposal(self, random: Random, trader: Trader, prices_8: Mapping[str, int]) -> Transaction | None:
        deed = random.choices(_DEEDS, _DEED_WEIGHTS)[0]
        if deed == "order":
            return self._order(random, trader, random.choice(self._deployment.markets), prices_8)
        if deed == "debt":
            return self._debt_payment(trader)
        return self._collateral(random, trader, 1 if deed == "deposit" else -1)

    def _order(self, random: Random, trader: Trader, market: Market, prices_8: Mapping[str, int]) -> Transaction | None:
        size_18 = position_size_18(self._rpc, self._deployment, trader.account_id, market.market_id)
        price_8 = prices_8[market.name]
        if size_18 and random.random() < _REDUCTION_SHARE:
            delta_18 = -size_18 * random.randint(1_000, _BPS) // _BPS
        else:
            delta_18 = self._new_size_18(random, trader, price_8)
        if delta_18 == 0:
            return None
        distance_bps = random.randint(*_LIMIT_BPS) * (1 if delta_18 > 0 else -1)
        limit_18 = price_8 * 10**10 * (_BPS + distance_bps) // _BPS if random.random() < _LIMIT_SHARE else None
        return commit_order(self._deployment.contracts, trader, market, delta_18, limit_18)

    def _new_size_18(self, random: Random, trader: Trader, price_8: int) -> int:
        """An order of 0.3 to 2 times the margin, either side."""
        margin_18 = self._view("getAvailableMargin(uint128)", "int256", trader)
        notional_18 = max(margin_18, 0) * random.randint(3_000, 2 * _BPS) // _BPS
        return random.choice((1, -1)) * notional_18 * 10**8 // price_8

    def _collateral(self, random: Random, trader: Trader, sign: int) -> Transaction:
        """2 to 20 % of what was deposited first."""
        synth = self._deployment.synths[0]
        collateral_id, base_18 = (SNX_USD, trader.deposit_18)
        if trader.synth_18 and random.random() < 0.5:
            collateral_id, base_18 = synth.collateral_id, trader.synth_18
        return modify_collateral(self._deployment.contracts, trader, collateral_id, sign * base_18 * random.randint(200, 2_000) // _BPS)

    def _debt_payment(self, trader: Trader) -> Transaction | None:
        debt_18 = self._view("debt(uint128)", "uint256", trader)
        return pay_debt(self._deployment.contracts, trader, debt_18) if debt_18 else None

    def _view(self, signature: str, kind: str, trader: Trader) -> int:
        call = {"to": self._deployment.contracts.perps_market, "data": calldata(signature, trader.account_id)}
        value: int = returned((kind,), self._rpc.call("eth_call", call, "latest"))[0]
        return value
