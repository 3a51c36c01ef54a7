"""What keeps an operator from acting, told with its mend, on a devnet whose owner sets things up and takes them away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import Chain
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import SET_VENUE, VENUE, exchange_rules, executor_rules
from contracts.devnet.roles import EXECUTOR_OWNER
from keeper.domain.chain import Address, BlockRef, Reads
from keeper.domain.parse import address
from keeper.errors import RpcUnavailable
from keeper.evm import expected_of
from keeper.execution.standing import Expected, GasNeed, StandingCheck, problems, standing
from tests.keeper.venues.perp_v2.exchanges import exchanges_of
from tests.keeper.venues.perp_v2.ledger import Ledger

pytestmark = pytest.mark.fork
T = TypeVar("T")


@dataclass
class _Desk:
    """The check over a blocking connection, and what it reported last."""

    devnet: Devnet
    ledger: Ledger
    chain: Chain
    down: bool = False
    reported: str | None = "nothing reported"
    floor_x18: int = 0
    more_operators: Sequence[Address] = ()
    left_out: Set[Address] = frozenset()

    @classmethod
    def on(cls, devnet: Devnet) -> _Desk:
        devnet.rpc.call("anvil_autoImpersonateAccount", True)
        ledger = Ledger.start(devnet.rpc, devnet.deployment, devnet.deployment.start_block)
        return cls(devnet, ledger, Chain.at_head(devnet.rpc))

    async def run(self, reads: Reads[T], block: BlockRef) -> T:
        if self.down:
            raise RpcUnavailable("nobody there")
        return self.ledger.run(reads, block)

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        return self.devnet.rpc.call(method, *params)

    def expected(self) -> Sequence[Expected]:
        exchanges = exchanges_of(self.ledger, self.devnet.deployment)
        return [expected_of("perp_v2", self.ledger, exchanges, self.floor_x18)]

    def as_owner(self, signature: str, *arguments: object) -> None:
        self.chain.send(EXECUTOR_OWNER, self.devnet.deployment.executor, signature, *arguments, gas=5_000_000)
        self.chain.mine(self.chain.now + 1)

    def look(self, executor: str | None = None, base_fee_wei: int = 10**9) -> str | None:
        deployment = self.devnet.deployment
        block = replace(self.ledger.block("latest"), base_fee_wei=base_fee_wei)
        check = StandingCheck(
            self,
            address(executor or deployment.executor),
            self.operators,
            self.expected,
            self._report,
            self._leave_out,
            gas_need=GasNeed(0),
        )
        good = asyncio.run(check.look(block))
        assert good == (self.reported is None)
        return self.reported

    @property
    def operators(self) -> Sequence[Address]:
        return [address(self.devnet.deployment.keeper), *self.more_operators]

    def _report(self, problem: str | None) -> None:
        self.reported = problem

    def _leave_out(self, operators: Set[Address]) -> None:
        self.left_out = operators


def test_the_devnets_operator_can_act(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    assert desk.look() is None
    view = desk.ledger.run(standing(address(devnet.deployment.executor), desk.operators, desk.expected()), desk.ledger.block("latest"))
    assert view is not None
    assert (view.owner, view.treasury) == (address(devnet.deployment.executor_owner), address(devnet.deployment.treasury))
    assert view.budget_left_x18 == 100_000 * 10**18
    assert view.venues[0].equity_x18 == view.venues[0].total_x18 == 4_000_000 * 10**18


def test_an_operator_that_was_revoked(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    desk.as_owner("setOperator(address,bool)", devnet.deployment.keeper, False)
    assert desk.look() == f"operator {address(devnet.deployment.keeper)} may not act; run `keeper executor allow`"


def test_rules_that_are_not_what_plans_need(devnet: Devnet) -> None:
    desk, deployment = _Desk.on(devnet), devnet.deployment
    rules = executor_rules(deployment.core, deployment.usdc, deployment.markets[:1], deployment.collaterals)
    desk.as_owner(SET_VENUE, VENUE, deployment.valuer, rules)
    assert "is not what plans need" in str(desk.look())
    complete = executor_rules(deployment.core, deployment.usdc, deployment.markets, deployment.collaterals)
    desk.as_owner(SET_VENUE, VENUE, deployment.valuer, complete)
    assert "is not what plans need" in str(desk.look()), "the exchanges are missing"
    whole = [*complete, *exchange_rules(deployment.spot_pools)]
    desk.as_owner(SET_VENUE, VENUE, deployment.core.vault, whole)
    assert "does not value the executor as expected" in str(desk.look())


def test_no_budget_and_one_used_up(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    desk.as_owner("setBudget(uint256)", 0)
    assert "no loss budget" in str(desk.look())
    view = desk.ledger.run(standing(address(devnet.deployment.executor), desk.operators, desk.expected()), desk.ledger.block("latest"))
    assert view is not None
    (words,) = problems(replace(view, budget_x18=10**20, spent_x18=7 * 10**19, carried_x18=3 * 10**19), view.executor)
    assert "100.00 USD is used up (70.00 lost, 30.00 carried open)" in words


def test_too_little_gas_at_this_price(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    devnet.rpc.call("anvil_setBalance", devnet.deployment.keeper, hex(10**16))
    assert desk.look(base_fee_wei=10**8) is None
    assert "has 0.010000 coin for gas, 5 plans need 0.025000" in str(desk.look(base_fee_wei=10**9))


def test_of_several_operators_those_without_right_or_gas_are_left_out(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    poor, stranger = Address("0x" + "a1" * 20), Address("0x" + "a2" * 20)
    desk.more_operators = (poor, stranger)
    desk.as_owner("setOperator(address,bool)", poor, True)
    devnet.rpc.call("anvil_setBalance", stranger, hex(10**18))
    words = str(desk.look())
    assert desk.left_out == {poor, stranger}
    assert f"operator {stranger} may not act" in words
    assert f"operator {poor} has 0.000000 coin for gas" in words
    devnet.rpc.call("anvil_setBalance", poor, hex(10**18))
    desk.as_owner("setOperator(address,bool)", stranger, True)
    assert desk.look() is None
    assert desk.left_out == set()


def test_no_margin(devnet: Devnet) -> None:
    desk, deployment = _Desk.on(devnet), devnet.deployment
    free = desk.chain.view(deployment.core.vault, "getFreeCollateral(address)", ("uint256",), deployment.executor)[0]
    call = (deployment.core.vault, 0, _withdrawal(deployment.usdc, free), False)
    desk.as_owner("recover(bytes32,(address,uint256,bytes,bool)[])", VENUE, [call])
    assert desk.look() == "perp_v2: no margin; run `keeper executor fund --margin USD`"


def test_margin_below_its_floor(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    desk.floor_x18 = 4_000_000 * 10**18
    assert desk.look() is None
    desk.floor_x18 += 1
    assert "margin of 4,000,000.00 USD is below its floor of 4,000,000.00 USD; run `keeper executor fund" in str(desk.look())


def test_another_contract_and_none(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    for other in (devnet.deployment.core.vault, "0x" + "99" * 20):
        assert "is no KeeperExecutor of this version; run `keeper executor deploy`" in str(desk.look(other))


def test_an_endpoint_that_does_not_answer_changes_nothing(devnet: Devnet) -> None:
    desk = _Desk.on(devnet)
    desk.down = True
    assert desk.look() == "nothing reported"


def _withdrawal(token: str, amount: int) -> bytes:
    return bytes.fromhex(calldata("withdraw(address,uint256)", token, amount)[2:])
