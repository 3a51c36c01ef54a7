"""Somebody with the operator's key, money of his own and a day's time, against the executor on the real contracts.

He tries whatever would take tokens, then what the rules do allow: losing them to himself by trading. What he got is read off the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain, Transaction
from contracts.devnet.deployment import Market, Position, Side
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import (
    EXECUTE,
    RESULTS,
    SET_VENUE,
    VENUE,
    PlanCall,
    batch_execution,
    execution,
    liquidate_and_close,
    liquidate_call,
)
from contracts.devnet.pricing import sqrt_price_x96
from contracts.devnet.trading import MAX_UINT, deposit, open_position, trade_to

_BACKER = to_checksum_address("0x" + "7f" * 20)
"""The thief's own account with money enough to move every pool."""
_FORTUNE_6 = 10**15
_GAS = 8_000_000
_GAS_EACH = 6_000_000
_ANY_LOSS = -(10**30)
_SUB_PLAN = "executeSubPlan((bytes32,(address,uint256,bytes,bool)[],int256,uint64))"
_X18 = 10**18
_FIRM_SECONDS = 16
"""The venue's limit on moving a pool counts from the tick of 15 s ago."""
_TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
_VALUATION = ("int256", "int256", "uint256")
_SLOT0 = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ThiefReport:
    """What a day with the key brought, USD at the oracle's prices.

    `stolen_usd` are tokens and coin that left the executor otherwise than to treasury or venue, and allowances others could use.
    `trading_loss_usd` is what the executor is worth less, beyond that. `passed` names attempts that should have been refused."""

    stolen_usd: float
    trading_loss_usd: float
    budget_usd: float
    passed: tuple[str, ...]
    plans: int


def thieve(devnet: Devnet) -> ThiefReport:
    """Everything, on a devnet that mines by hand; the chain is left as the thief leaves it."""
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    chain = Chain.at_head(devnet.rpc)
    chain.mine((chain.now // _DAY + 1) * _DAY + 60)  # from here to midnight it is one day, with one budget
    thief = _Thief(devnet, chain)
    before, first_block = thief.worth_18(), int(devnet.rpc.call("eth_blockNumber"), 16)
    passed = list(thief.grasp())
    thief.trade()
    passed += thief.grasp()
    assert chain.now // _DAY == _day_of(devnet), "the thief took more than a day"
    stolen_18 = thief.gone_18(first_block) + thief.grantable_18()
    lost_18 = before - thief.worth_18() - thief.gone_18(first_block)
    budget_18 = chain.view(devnet.deployment.executor, "budgetPerDay()", ("uint256",))[0]
    return ThiefReport(stolen_18 / _X18, lost_18 / _X18, budget_18 / _X18, tuple(passed), thief.plans)


def _day_of(devnet: Devnet) -> int:
    newest: str = devnet.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"]
    return int(newest, 16) // _DAY


class _Thief:
    """The key, and accounts of his own."""

    def __init__(self, devnet: Devnet, chain: Chain) -> None:
        self._rpc = devnet.rpc
        self._chain = chain
        self._deployment = devnet.deployment
        self._core = devnet.deployment.core
        self._accounts = 0
        self.plans = 0
        self._endow(_BACKER, _FORTUNE_6)

    # --- taking ---

    def grasp(self) -> Sequence[str]:
        """Every way to take what is there, or to get leave for it. Returns the names of those that passed."""
        plans = self._forbidden_plans()
        named = [(name, self._deployment.executor, execution(calls, _ANY_LOSS)) for name, calls in plans.items()]
        passed = [name for name, to, data in (*named, *self._forbidden_calls()) if self._passes(to, data)]
        return [*passed, *self._passed_together(plans)]

    def _passed_together(self, plans: Mapping[str, Sequence[PlanCall]]) -> Sequence[str]:
        """Those that went through as plans of one batch."""
        data = batch_execution(list(plans.values()), _ANY_LOSS, _GAS_EACH)
        call = {"from": self._deployment.keeper, "to": self._deployment.executor, "data": data}
        (results,) = returned(RESULTS, self._rpc.call("eth_call", call, "latest"))
        return [f"{name}, in a batch" for name, (succeeded, *_) in zip(plans, results, strict=True) if succeeded]

    def _forbidden_plans(self) -> Mapping[str, Sequence[PlanCall]]:
        deployment, core, own = self._deployment, self._core, _BACKER
        usdc, weth, executor = deployment.usdc, deployment.collaterals[0].token, deployment.executor
        market = deployment.markets[0]
        withdraw = self._plan_call(core.vault, "withdraw(address,uint256)", usdc, 1_000 * 10**6)
        return {
            "withdraw and transfer": [withdraw, self._plan_call(usdc, "transfer(address,uint256)", own, 1_000 * 10**6)],
            "approve himself": [self._plan_call(usdc, "approve(address,uint256)", own, MAX_UINT)],
            "approve himself of collateral": [self._plan_call(weth, "approve(address,uint256)", own, MAX_UINT)],
            "increase an allowance": [self._plan_call(usdc, "increaseAllowance(address,uint256)", own, MAX_UINT)],
            "transfer from": [self._plan_call(usdc, "transferFrom(address,address,uint256)", executor, own, 1)],
            "deposit for himself": [withdraw, self._plan_call(core.vault, "depositFor(address,address,uint256)", own, usdc, 1)],
            "withdraw another token": [self._plan_call(core.vault, "withdraw(address,uint256)", weth, 1)],
            "withdraw all": [self._plan_call(core.vault, "withdrawAll(address)", usdc)],
            "delegate": [self._plan_call(core.delegate_approval, "approve(address,uint8)", own, 3)],
            "open a position": [self._plan_call(core.clearing_house, "openPosition(bytes)", b"")],
            "liquidate the executor": [liquidate_call(core, executor, market.base)],
            "cancel for the executor": [
                self._plan_call(core.clearing_house, "cancelAllExcessOrders(address,address)", executor, market.base)
            ],
            "another market": [liquidate_call(core, own, own)],
            "close another market": [
                self._plan_call(
                    core.clearing_house, "closePosition((address,uint160,uint256,uint256,bytes32))", (own, 0, 0, MAX_UINT, bytes(32))
                )
            ],
            "a multicall": [self._plan_call(deployment.multicall, "aggregate3((address,bool,bytes)[])", [(usdc, True, b"")])],
            "coin to himself": [(own, 1, b"", False)],
            "coin with a call": [(core.vault, 1, withdraw[2], False)],
            "the executor's own functions": [self._plan_call(executor, "setOperator(address,bool)", own, True)],
        }

    def _forbidden_calls(self) -> Sequence[tuple[str, str, str]]:
        deployment, own = self._deployment, _BACKER
        executor = deployment.executor
        withdraw = self._plan_call(self._core.vault, "withdraw(address,uint256)", deployment.usdc, 1_000 * 10**6)
        return [
            ("another venue", executor, calldata(EXECUTE, b"other".ljust(32, b"\0"), [withdraw], _ANY_LOSS)),
            ("a plan without its batch", executor, calldata(_SUB_PLAN, (VENUE, [withdraw], _ANY_LOSS, _GAS_EACH))),
            ("sweep", executor, calldata("sweep(address,uint256)", deployment.usdc, 0)),
            ("recover", executor, calldata("recover(bytes32,(address,uint256,bytes,bool)[])", VENUE, [])),
            ("own valuer and rules", executor, calldata(SET_VENUE, VENUE, own, [])),
            ("own budget", executor, calldata("setBudget(uint256)", MAX_UINT)),
            ("own treasury", executor, calldata("setTreasury(address)", own)),
            ("another operator", executor, calldata("setOperator(address,bool)", own, True)),
            ("ownership", executor, calldata("transferOwnership(address)", own)),
            ("accept ownership", executor, calldata("acceptOwnership()")),
            ("take from outside", deployment.usdc, calldata("transferFrom(address,address,uint256)", executor, own, 1)),
        ]

    # --- losing to himself ---

    def trade(self) -> None:
        """Own accounts become liquidatable at a mark he moved, and the executor takes them over: left open to be liquidated in its turn,
        or closed where he wants it; both ways, in ever smaller parts, until nothing passes any more."""
        self._abandon(self._deployment.market("BTC"))
        for side in ("long", "short"):
            self._overpay(self._deployment.market("ETH"), side)

    def _overpay(self, market: Market, side: Side) -> None:
        """The executor buys high and sells low (or the other way round), in parts, as long as it is let."""
        sign = 1 if side == "long" else -1
        victims = self._victims(market, side, count=10, notional_usd=120_000)
        for bps in (200, -400, -800):
            self._move(market, 10_000 + sign * bps)
        for size_usd in (0, 20_000, 10_000, 4_000, 1_000):
            for victim in victims:
                self._execute(self._part(victim, market, sign * size_usd))
        self._calm(market)

    def _abandon(self, market: Market) -> None:
        """Margin is moved out of the venue, a position taken over and left open, the mark moved against it, the executor liquidated; again
        and again, with the margin put back between."""
        for victim in self._victims(market, "long", count=4, notional_usd=80_000):
            self._execute([liquidate_call(self._core, victim, market.base)])
            free = self._chain.view(self._core.vault, "getFreeCollateral(address)", ("uint256",), self._deployment.executor)[0]
            self._execute([self._plan_call(self._core.vault, "withdraw(address,uint256)", self._deployment.usdc, max(free - 10**8, 0))])
            for bps in (-300, -600, -900):
                self._move(market, 10_000 + bps)
            self._chain.mine(self._chain.now + 900)
            take = calldata("liquidate(address,address)", self._deployment.executor, market.base)
            self._chain.queue(Transaction(_BACKER, self._core.clearing_house, take, _GAS, "liquidate the executor"))
            self._chain.produce(self._chain.now + 1)
            self._pay_back()
            self._move(market, 9_600)
        self._move(market, 9_200)
        self._execute(liquidate_and_close(self._core, _BACKER, market.base)[1:])
        self._calm(market)

    def _pay_back(self) -> None:
        usdc, vault = self._deployment.usdc, self._core.vault
        balance = self._chain.view(usdc, "balanceOf(address)", ("uint256",), self._deployment.executor)[0]
        approval, payment = ("approve(address,uint256)", vault), ("deposit(address,uint256)", usdc)
        self._execute([self._plan_call(usdc, *approval, balance), self._plan_call(vault, *payment, balance)])

    def _victims(self, market: Market, side: Side, count: int, notional_usd: int) -> Sequence[str]:
        """Accounts of his own with all the leverage there is, opened at a mark held 9 % off the index and let down until they fail."""
        sign = 1 if side == "long" else -1
        self._move(market, 10_000 + sign * 450)
        self._move(market, 10_000 + sign * 900)
        self._chain.mine(self._chain.now + 1_000)
        victims = [self._newcomer(notional_usd) for _ in range(count)]
        for victim in victims:
            self._chain.queue(open_position(self._core, market, victim, Position(market.name, side, notional_usd)))
            self._chain.produce(self._chain.now + 1)
            self._move(market, 10_000 + sign * 900)
        for bps in (200, -400):
            self._move(market, 10_000 + sign * bps)
        for _ in range(60):
            if all(self._liquidatable(victim) for victim in victims):
                break
            self._chain.mine(self._chain.now + 30)
        return [victim for victim in victims if self._liquidatable(victim)]

    def _part(self, victim: str, market: Market, size_usd: int) -> list[PlanCall]:
        """So much of an account, or as much as the venue lets go."""
        size_18 = size_usd * 10**8 * _X18 // market.start_price_8
        close = liquidate_and_close(self._core, victim, market.base)[1:]
        return [liquidate_call(self._core, victim, market.base, size_18), *close]

    def _calm(self, market: Market) -> None:
        """Back to the index, and long enough for every average to forget."""
        for _ in range(4):
            self._move(market, 10_000)
        self._chain.mine(self._chain.now + 1_900)

    def _move(self, market: Market, bps: int) -> None:
        """The pool to so many basis points of the index, as far as one block lets him."""
        limit, spot = sqrt_price_x96(market.start_price_8 * bps // 10_000), self._spot_x96(market)
        if limit != spot:
            self._chain.queue(trade_to(self._core, market, _BACKER, sell=limit < spot, limit_x96=limit))
        self._chain.produce(self._chain.now + _FIRM_SECONDS)

    def _spot_x96(self, market: Market) -> int:
        spot: int = self._chain.view(market.pool, "slot0()", _SLOT0)[0]
        return spot

    def _newcomer(self, notional_usd: int) -> str:
        """An account with a tenth of the notional and the fee, just enough to open."""
        self._accounts += 1
        account = to_checksum_address(f"0x7e{self._accounts:038x}")
        self._endow(account, notional_usd * 10**6 * 1_045 // 10_000)
        return account

    def _liquidatable(self, account: str) -> bool:
        value = self._chain.view(self._core.clearing_house, "getAccountValue(address)", ("int256",), account)[0]
        needed = self._chain.view(self._core.account_balance, "getMarginRequirementForLiquidation(address)", ("int256",), account)[0]
        return bool(value < needed)

    def _execute(self, calls: Sequence[PlanCall]) -> None:
        """With the key, by itself and as a batch by turns; any loss will do."""
        alone = execution(calls, _ANY_LOSS)
        if self._passes(self._deployment.executor, alone):
            data = batch_execution([calls], _ANY_LOSS, _GAS_EACH) if self.plans % 2 else alone
            self.plans += 1
            self._chain.queue(Transaction(self._deployment.keeper, self._deployment.executor, data, _GAS, "plan"))
            self._chain.produce(self._chain.now + 1)

    # --- what came of it ---

    def worth_18(self) -> int:
        """The executor with its treasury's tokens, at the oracle's prices."""
        total: int = self._chain.view(self._deployment.valuer, "valuation(address)", _VALUATION, self._deployment.executor)[0]
        treasury = self._chain.view(self._deployment.usdc, "balanceOf(address)", ("uint256",), self._deployment.treasury)[0]
        return int(total + treasury * 10**12)

    def gone_18(self, first_block: int) -> int:
        """Tokens that left the executor for anybody but venue and treasury, by the tokens' own logs; and coin."""
        addresses = {int(one, 16) for one in (self._core.vault, self._core.insurance_fund, self._deployment.treasury)}
        sender = "0x" + self._deployment.executor[2:].lower().rjust(64, "0")
        span = {"fromBlock": hex(first_block + 1), "toBlock": "latest", "topics": [_TRANSFER, sender]}
        gone = 0
        for token, price_18, decimals in self._tokens():
            logs: list[dict[str, Any]] = self._rpc.call("eth_getLogs", {**span, "address": token})
            amount = sum(int(log["data"], 16) for log in logs if int(log["topics"][2], 16) not in addresses)
            gone += amount * price_18 // 10**decimals
        return gone

    def grantable_18(self) -> int:
        """What others could still take by an allowance."""
        total: int = 0
        executor = self._deployment.executor
        for token, price_18, decimals in self._tokens():
            balance = self._chain.view(token, "balanceOf(address)", ("uint256",), executor)[0]
            for other in (_BACKER, self._deployment.keeper):
                allowed = self._chain.view(token, "allowance(address,address)", ("uint256",), executor, other)[0]
                total += min(balance, allowed) * price_18 // 10**decimals
        return total

    def _tokens(self) -> Sequence[tuple[str, int, int]]:
        prices = self._deployment.start_prices_8()
        others = [(item.token, prices[item.follows] * 10**10, item.decimals) for item in self._deployment.collaterals]
        return [(self._deployment.usdc, _X18, 6), *others]

    # --- in short ---

    def _endow(self, account: str, amount_6: int) -> None:
        self._rpc.call("anvil_setBalance", account, hex(10**21))
        deposit(self._chain, self._core, account, self._deployment.usdc, amount_6)
        self._chain.mine(self._chain.now + 1)

    def _passes(self, to: str, data: str) -> bool:
        sender = self._deployment.keeper
        return not isinstance(self._rpc.attempt([("eth_call", [{"from": sender, "to": to, "data": data}, "latest"])])[0], Exception)

    def _plan_call(self, to: str, signature: str, *arguments: object) -> PlanCall:
        return (to, 0, bytes.fromhex(calldata(signature, *arguments)[2:]), False)
