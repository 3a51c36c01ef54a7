"""Random people on a devnet: they deposit, trade, make markets, withdraw, and somebody liquidates whoever can be. From a seed.

Many of their transactions revert, as in life. Several go into one block, so that the order of logs inside a block matters."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from contracts.devnet.arbitrage import arbitrage
from contracts.devnet.calldata import calldata
from contracts.devnet.deployment import Deployment, Market
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import EXECUTE, VENUE
from contracts.devnet.pricing import TICK_SPACING, price_8, tick_at
from contracts.devnet.rpc import Rpc, RpcError
from keeper.domain.money import Usd18
from keeper.domain.plan import LiquidationPlan

MAX = 2**256 - 1
_GAS = 8_000_000
_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_CLOSE = "closePosition((address,uint160,uint256,uint256,bytes32))"
_ADD = "addLiquidity((address,uint256,uint256,int24,int24,uint256,uint256,bool,uint256))"
_REMOVE = "removeLiquidity((address,int24,int24,uint128,uint256,uint256,uint256))"
_SLOT0 = "slot0()"
_KINDS = {
    "open": 34,
    "close": 8,
    "add": 10,
    "remove": 10,
    "deposit": 6,
    "deposit_collateral": 6,
    "withdraw": 6,
    "withdraw_collateral": 4,
    "index": 24,
    "cancel": 4,
    "liquidate": 2,
    "liquidate_collateral": 2,
}


@dataclass(slots=True)
class RandomTraders:
    """Acts on a devnet. `people` trade; the index of a market wanders and everybody may become liquidatable."""

    rpc: Rpc
    deployment: Deployment
    random: Random
    people: tuple[str, ...]
    ranges: list[tuple[str, str, int, int, int]]
    succeeded: int = 0

    @classmethod
    def on(cls, devnet: Devnet, seed: int, people: int = 14) -> "RandomTraders":
        """Newcomers with money, beside the devnet's own traders."""
        random = Random(seed)
        newcomers = tuple(f"0x{random.getrandbits(160):040x}" for _ in range(people))
        traders = cls(devnet.rpc, devnet.deployment, random, newcomers, [])
        devnet.rpc.call("anvil_autoImpersonateAccount", True)
        devnet.rpc.batch([("anvil_setBalance", [one, hex(10**20)]) for one in newcomers])
        for one in newcomers:
            traders._endow(one)
        traders.mine(12)
        return traders

    def _endow(self, one: str) -> None:
        core, usdc = self.deployment.core, self.deployment.usdc
        amount = self.random.randint(2_000, 40_000) * 10**6
        self.send(one, usdc, "mint(address,uint256)", one, amount * 3)
        self.send(one, usdc, "approve(address,uint256)", core.vault, MAX)
        self.send(one, core.vault, "deposit(address,uint256)", usdc, amount)
        for collateral in self.deployment.collaterals:
            self.send(one, collateral.token, "mint(address,uint256)", one, 10 * 10**collateral.decimals)
            self.send(one, collateral.token, "approve(address,uint256)", core.vault, MAX)

    def act(self) -> None:
        """One to four random transactions, and a block for them after a random pause."""
        for _ in range(self.random.choice((1, 1, 2, 4))):
            kind = self.random.choices(list(_KINDS), list(_KINDS.values()))[0]
            self._do(kind)
        self.mine(self.random.choice((1, 2, 12, 12, 15, 40, 600, 4_000)))

    def _do(self, kind: str) -> None:
        who = self.random.choice(self.people)
        market = self.random.choice(self.deployment.markets)
        core, usdc = self.deployment.core, self.deployment.usdc
        match kind:
            case "open":
                sell, exact_in = self.random.random() < 0.5, self.random.random() < 0.5
                usd = self.random.choice((50, 500, 20_000, 60_000, 120_000)) * 10**18 * self.random.randint(50, 150) // 100
                amount = usd if sell != exact_in else usd * 10**8 // self._index_8(market)
                bound = 0 if exact_in else (MAX if sell else 0)
                self.send(who, core.clearing_house, _OPEN, (market.base, sell, exact_in, amount, bound, MAX, 0, bytes(32)))
            case "close":
                self.send(who, core.clearing_house, _CLOSE, (market.base, 0, 0, MAX, bytes(32)))
            case "add":
                self._add(who, market)
            case "remove":
                self._remove()
            case "deposit":
                self.send(who, core.vault, "deposit(address,uint256)", usdc, self.random.randint(1, 5_000 * 10**6))
            case "deposit_collateral":
                token = self.random.choice(self.deployment.collaterals)
                amount = self.random.randint(1, 10 ** (token.decimals - 1))
                self.send(who, core.vault, "deposit(address,uint256)", token.token, amount)
            case "withdraw":
                self.send(who, core.vault, "withdraw(address,uint256)", usdc, self.random.randint(1, 3_000 * 10**6))
            case "withdraw_collateral":
                token = self.random.choice(self.deployment.collaterals)
                self.send(who, core.vault, "withdrawAll(address)", token.token)
            case "index":
                self.move_index(market, self.random.choice((-700, -300, -50, 20, 300, 600)))
            case "cancel":
                self.send(who, core.clearing_house, "cancelAllExcessOrders(address,address)", self._anyone(), market.base)
            case "liquidate":
                self.liquidate(self._anyone())
            case "liquidate_collateral":
                token = self.random.choice(self.deployment.collaterals)
                paid = self.random.randint(1, 200 * 10**6)
                arguments = (self._anyone(), token.token, paid, True)
                self.send(who, core.vault, "liquidateCollateral(address,address,uint256,bool)", *arguments)

    def liquidate(self, victim: str) -> None:
        """Orders cancelled and positions taken over by somebody rich, or by somebody who cannot afford it; collateral bought."""
        core = self.deployment.core
        liquidator = self.deployment.base_maker if self.random.random() < 0.8 else self.random.choice(self.people)
        for market in self.deployment.markets:
            self.send(liquidator, core.clearing_house, "cancelAllExcessOrders(address,address)", victim, market.base)
        for market in self.deployment.markets:
            self.send(liquidator, core.clearing_house, "liquidate(address,address)", victim, market.base)
        buyer, paid = self.random.choice(self.people), self.random.randint(1, 500 * 10**6)
        for collateral in self.deployment.collaterals:
            arguments = (victim, collateral.token, paid, True)
            self.send(buyer, core.vault, "liquidateCollateral(address,address,uint256,bool)", *arguments)

    def _anyone(self) -> str:
        return self.random.choice((*self.people, *(trader.address for trader in self.deployment.traders)))

    def _add(self, who: str, market: Market) -> None:
        spot = price_8(int(self.rpc.call("eth_call", {"to": market.pool, "data": calldata(_SLOT0)}, "latest")[2:66], 16))
        middle, width = tick_at(spot), self.random.choice((1, 2, 5, 20))
        lower = middle + self.random.randint(-3, 3) * TICK_SPACING - width * TICK_SPACING
        upper = lower + (2 * width + self.random.randint(0, 2)) * TICK_SPACING
        usd = self.random.choice((200, 2_000, 15_000)) * 10**18
        self.send(who, self.deployment.core.clearing_house, _ADD, (market.base, usd * 10**8 // spot, usd, lower, upper, 0, 0, False, MAX))
        self.ranges.append((who, market.base, lower, upper, usd))

    def _remove(self) -> None:
        if not self.ranges:
            return
        who, base, lower, upper, _ = self.random.choice(self.ranges)
        order = self.rpc.call(
            "eth_call",
            {
                "to": self.deployment.core.order_book,
                "data": calldata("getOpenOrder(address,address,int24,int24)", who, base, lower, upper),
            },
            "latest",
        )
        liquidity = int(order[2:66], 16) * self.random.choice((0, 1, 3, 10, 10)) // 10
        self.send(who, self.deployment.core.clearing_house, _REMOVE, (base, lower, upper, liquidity, 0, 0, MAX))

    def move_index(self, market: Market, bps: int) -> None:
        """A new answer for the market's feed and the collateral that follows it; often an arbitrageur trades the pool after it."""
        answer = self._index_8(market) * (10_000 + bps) // 10_000
        followers = [item.price for item in self.deployment.collaterals if item.follows == market.name]
        for feed in (market.price, *followers):
            self.send(self.deployment.owner, feed.aggregator, "setAnswer(int256)", answer)
            self.send(self.deployment.owner, feed.feed, "update()")
        spot = price_8(int(self.rpc.call("eth_call", {"to": market.pool, "data": calldata(_SLOT0)}, "latest")[2:66], 16))
        trade = arbitrage(self.deployment, market, spot, answer)
        if trade is not None and trade.to is not None and self.random.random() < 0.8:
            fields = {"from": trade.sender, "to": trade.to, "data": trade.data, "gas": hex(_GAS)}
            self.rpc.call("eth_sendTransaction", fields)

    def _index_8(self, market: Market) -> int:
        return int(self.rpc.call("eth_call", {"to": market.aggregator, "data": calldata("latestAnswer()")}, "latest"), 16)

    def execute(self, plan: LiquidationPlan, min_change: Usd18) -> str:
        """Queue the plan as the executor's transaction; returns its hash."""
        calls = [(call.target, 0, call.calldata, call.may_fail) for call in plan.calls]
        return self.send(self.deployment.keeper, self.deployment.executor, EXECUTE, VENUE, calls, min_change.raw)

    def send(self, sender: str, to: str, signature: str, *arguments: object) -> str:
        """Queue one transaction; returns its hash."""
        fields: dict[str, Any] = {"from": sender, "to": to, "data": calldata(signature, *arguments), "gas": hex(_GAS)}
        sent: str = self.rpc.call("eth_sendTransaction", fields)
        return sent

    def mine(self, pause: int) -> None:
        """One block with what is queued, `pause` seconds after the last."""
        head = self.rpc.call("eth_getBlockByNumber", "latest", False)
        self.rpc.call("evm_setNextBlockTimestamp", int(head["timestamp"], 16) + pause)
        self.rpc.call("evm_mine")
        self.succeeded += sum(receipt["status"] == "0x1" for receipt in self.receipts())

    def receipts(self) -> Sequence[dict[str, Any]]:
        """Receipts of the newest block."""
        found: Sequence[dict[str, Any]] = self.rpc.call("eth_getBlockReceipts", "latest")
        return found


def reverts(rpc: Rpc, call: dict[str, str]) -> str | None:
    """Revert data of a call at the newest block; None when it succeeds."""
    answer = rpc.attempt([("eth_call", [call, "latest"])])[0]
    return answer.data if isinstance(answer, RpcError) else None
