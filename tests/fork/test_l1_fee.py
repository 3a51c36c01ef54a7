"""The L1 data fee against the stand-in of the GasPriceOracle: one formula on both sides, in the block's own batch, in every decision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.devnet import Devnet
from contracts.devnet.l1_fee import OP_MAINNET, L1Prices, charge_l1_fee
from keeper import assembly, evm
from keeper.chain.chain import ChainClient
from keeper.domain.data_fee import GAS_PRICE_ORACLE, DataFee, compressed_size, optimism
from keeper.domain.decision import Decision, Liquidate, Skip
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.skip_reason import SkipReason
from keeper.engine.evaluator import Evaluator
from keeper.engine.questions import ChainQuestions, NewestFee
from keeper.engine.survey import Survey
from keeper.execution.executor import encode_execute
from keeper.service.log import logger
from keeper.settings import ChainScope, L1Fee
from tests.bench.price_fall import after_price_fall
from tests.chaos.harness import Harness

pytestmark = pytest.mark.fork

_SIGNATURE_BYTES = 68
"""What GasPriceOracle.getL1Fee adds for the signature of the unsigned transaction it is given."""
_DEAR = L1Prices(10**15, 10**15, 5_227, 1_014_213)


def _inputs() -> list[bytes]:
    """Nothing, noise, words of zeros, repetitions near and far, and what is like calldata."""
    random = Random(7)
    noise = random.randbytes(2_000)
    words = b"".join(bytes(12) + random.randbytes(20) + bytes(31) + bytes([random.randrange(256)]) for _ in range(20))
    repeated = [noise[:40] * 30, noise[:300] + bytes(900) + noise[:300], words * 3]
    return [b"", b"\x01", bytes(12), noise[:13], noise[:300], bytes(700), words, *repeated]


def test_fees_equal_the_oracles_to_the_wei(devnet: Devnet) -> None:
    charge_l1_fee(devnet.rpc, OP_MAINNET)
    prices = DataFee(OP_MAINNET.base_fee_wei, OP_MAINNET.blob_base_fee_wei, OP_MAINNET.base_fee_scalar, OP_MAINNET.blob_base_fee_scalar)
    for data in _inputs():
        assert _asked(devnet, "compressedLength(bytes)", data) == compressed_size(data)
        assert _asked(devnet, "getL1Fee(bytes)", data) == prices.of_size(compressed_size(data) + _SIGNATURE_BYTES)


def _asked(devnet: Devnet, signature: str, data: bytes) -> int:
    call = {"to": GAS_PRICE_ORACLE, "data": calldata(signature, data), "gas": hex(2 * 10**9)}
    answer: int = returned(("uint256",), devnet.rpc.call("eth_call", call, "latest"))[0]
    return answer


def test_decisions_and_guards_count_it_and_reading_it_costs_no_request(tmp_path: Path) -> None:
    with after_price_fall(tmp_path) as stage:
        charge_l1_fee(stage.devnet.rpc, OP_MAINNET)
        charged = replace(stage.scope, chain=replace(stage.scope.chain, l1_fee=L1Fee.OPTIMISM))
        free, usual = asyncio.run(_decisions(stage, stage.scope)), asyncio.run(_decisions(stage, charged))
        charge_l1_fee(stage.devnet.rpc, _DEAR)
        dear = asyncio.run(_decisions(stage, charged))
    assert len(free) == len(usual) >= 2
    for before, after in zip(free, usual, strict=True):
        assert isinstance(before.choice, Liquidate)
        assert isinstance(after.choice, Liquidate)
        plan, tariff, block = after.choice.plan, after.gas_price, after.candidate.block
        assert tariff is not None
        assert tariff.data_fee is not None
        sketch = encode_execute("perp_v2", plan, ZERO_USD)
        fee = Usd18(-(-tariff.data_fee.of_calldata(sketch) * tariff.native_price_x18 // 10**18))
        assert fee > ZERO_USD
        assert after.choice.economics.cost - before.choice.economics.cost == fee
        # The guard wants the same: the liquidator adds this cost to the wanted profit.
        without = replace(tariff, data_fee=None)
        assert tariff.cost(plan.gas_limit, block, sketch) - without.cost(plan.gas_limit, block, sketch) == fee
    assert [each.choice.reason for each in dear if isinstance(each.choice, Skip)] == [SkipReason.UNPROFITABLE] * len(dear)


async def _decisions(stage: Harness, scope: ChainScope) -> Sequence[Decision]:
    """Of accounts that are breached now and would pay; also that the fee's prices came without a request of their own."""
    venue, policy = stage.venue, assembly.build_policy(scope, scope.executor_of("perp_v2"))
    async with evm.open_chain(scope, {"perp_v2": venue}, logger()) as chain:
        evaluator = assembly.build_evaluators(scope, {"perp_v2": venue}, chain)["perp_v2"]
        block = await chain.head()
        survey = Survey(
            chain, chain, None, start_block=scope.chain.start_block, finality_depth=scope.chain.finality_depth, report=lambda _: None
        )
        await survey.bring_to("perp_v2", evaluator, block)
        evaluated = [item for item in await evaluator.evaluate(block) if item.health.liquidatable]
        assert len({await _requests(chain, stage, evaluator, newest) for newest in (None, NewestFee(optimism))}) == 1
        decisions: list[Decision] = []
        for item in evaluated:
            evaluation = evaluator.evaluation_of(item.account, item.health, block)
            tariff = policy.gas_price(evaluator, block, evaluation.data_fee)
            decisions += policy.decisions_after("perp_v2", evaluator, evaluation, tariff, {})
    return [each for each in decisions if _margin(each) > Usd18.of_units(5)]


def _margin(decision: Decision) -> Usd18:
    """What its plan earns before gas; nothing without a plan."""
    plan = decision.choice.plan
    return plan.expected_reward - plan.expected_cost if plan is not None else ZERO_USD


async def _requests(chain: ChainClient, stage: Harness, evaluator: Evaluator, newest: NewestFee | None) -> int:
    """What the market reads of a block take, with the prices of the fee or without."""
    before, block = chain.usage().read.requests, await chain.head()
    await ChainQuestions(chain, newest).refresh(stage.venue, evaluator.book, block, block.timestamp)
    assert newest is None or newest.prices is not None
    return chain.usage().read.requests - before
