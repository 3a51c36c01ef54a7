"""Batches on the real contracts: what the call and the fork say of each plan is what the chain does, with the gas that was measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.deployment import Trader
from contracts.devnet.devnet import Devnet
from contracts.devnet.roles import KEEPER
from contracts.devnet.rpc import Rpc, RpcError
from contracts.devnet.views import account_views
from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.parse import address
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan
from keeper.domain.sub_plan import MAX_TRANSACTION_GAS, SubPlan, batch_gas, measured_gas
from keeper.execution.batch import PlanResult, batch_results, encode_batch
from keeper.execution.executor_errors import executor_reason
from tests.fork.test_execution_simulate import head, liquidation, sides, simulating, victims
from tests.keeper.venues.ledger import raw_log

pytestmark = pytest.mark.fork
_GAS = 4_500_000
_ANY = Usd18(-(10**24))


def _plan(devnet: Devnet, trader: Trader) -> LiquidationPlan:
    calls = tuple(
        LiquidationCall(address(to), data, CallPurpose.LIQUIDATE, may_fail) for to, _, data, may_fail in liquidation(devnet, trader)
    )
    zeros = (ZERO_USD,) * 4
    return LiquidationPlan(AccountKey(trader.address), "ETH", Breach.POSITIONS, 1, *zeros, _GAS, calls)


def _batch(plans: Sequence[LiquidationPlan]) -> bytes:
    return encode_batch([SubPlan("perp_v2", plan, _ANY) for plan in plans])


def _tried(devnet: Devnet, plans: Sequence[LiquidationPlan]) -> tuple[SimOutcome, SimOutcome]:
    """By the call, and on the fork."""
    block = head(devnet.rpc)
    question = (*sides(devnet), _batch(plans), batch_gas(plans), block, Timestamp(block.timestamp + 2))

    async def simulate() -> tuple[SimOutcome, SimOutcome]:
        async with simulating(devnet.url) as simulator:
            return await simulator.pre_check(*question), await simulator.settle(*question)

    return asyncio.run(simulate())


def _mined(devnet: Devnet, plans: Sequence[LiquidationPlan]) -> tuple[Sequence[PlanResult], int]:
    """What became of each plan in the next block, and the gas of the transaction."""
    sender, executor = sides(devnet)
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    fields = {"from": sender, "to": executor, "data": "0x" + _batch(plans).hex(), "gas": hex(batch_gas(plans))}
    name = devnet.rpc.call("eth_sendTransaction", fields)
    devnet.rpc.call("evm_setNextBlockTimestamp", head(devnet.rpc).timestamp + 2)
    devnet.rpc.call("evm_mine")
    receipt = devnet.rpc.call("eth_getTransactionReceipt", name)
    assert receipt["status"] == "0x1"
    return batch_results([raw_log(item) for item in receipt["logs"]], executor, len(plans)), int(receipt["gasUsed"], 16)


def _with_one_healthy(devnet: Devnet) -> list[LiquidationPlan]:
    """Three liquidatable accounts, and one that is not at the second place."""
    fallen = victims(devnet, 3)
    takers = [trader for trader in devnet.deployment.traders if trader.style == "taker"]
    views = account_views(devnet.rpc, devnet.deployment, [trader.address for trader in takers])
    healthy = next(trader for trader in takers if not views[trader.address].liquidatable)
    return [_plan(devnet, trader) for trader in (fallen[0], healthy, *fallen[1:])]


def test_each_plan_does_on_the_chain_what_it_did_when_it_was_tried(devnet: Devnet) -> None:
    plans = _with_one_healthy(devnet)
    called, settled = _tried(devnet, plans)
    results, gas_used = _mined(devnet, plans)
    assert [result.succeeded for result in results] == [True, False, True, True]
    for outcome in (called, settled):
        assert isinstance(outcome, SimSettled)
        assert [part.change for part in outcome.parts if isinstance(part, SimSettled)] == [
            each.change for each in results if each.succeeded
        ]
        (failed,) = [part for part in outcome.parts if isinstance(part, SimReverted)]
        assert failed.data == results[1].reason
    assert executor_reason(lambda data: data[4:].decode(errors="replace"))(results[1].reason).find("CH_EAV") >= 0
    assert results[0].logs
    assert not results[1].logs
    assert gas_used < batch_gas(plans)


def test_the_measured_gas_is_enough_and_six_fit_into_one_transaction(devnet: Devnet) -> None:
    plans = [plan for place, plan in enumerate(_with_one_healthy(devnet)) if place != 1]
    called, _ = _tried(devnet, plans)
    assert isinstance(called, SimSettled)
    tight = [replace(plan, gas_limit=measured_gas(plan, part.gas_used)) for plan, part in zip(plans, called.parts, strict=True)]
    assert 2 * batch_gas(tight) < MAX_TRANSACTION_GAS < 2 * batch_gas(plans)
    # The last one alone: nothing was touched before it, as in a transaction of its own.
    (last,), _ = _mined(devnet, tight[2:])
    results, _ = _mined(devnet, tight[:2])
    assert last.succeeded
    assert all(result.succeeded for result in results)


def test_a_chain_with_the_limit_refuses_a_larger_transaction(anvil: Callable[[AnvilOptions], Anvil]) -> None:
    """EIP-7825, as the storm's devnet has it."""
    with Rpc(anvil(AnvilOptions(cap_transactions=True)).url) as rpc:
        fields = {"from": KEEPER, "to": KEEPER}
        rpc.call("eth_sendTransaction", {**fields, "gas": hex(MAX_TRANSACTION_GAS)})
        with pytest.raises(RpcError):
            rpc.call("eth_sendTransaction", {**fields, "gas": hex(MAX_TRANSACTION_GAS + 1)})
