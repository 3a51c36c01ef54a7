"""A base fee that jumps: who would pay is mined, who would not steps aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keeper.domain.attempt import Attempt
from keeper.domain.chain import BlockRef
from keeper.domain.fees import pays
from keeper.execution.dispatcher import TransactionDispatcher
from tests.keeper.execution.quiet_node import QuietNode, block, live
from tests.keeper.execution.test_dispatcher import FEES, GAS, GWEI, dispatching, job, sent

BEFORE = FEES.max_fee_wei * GAS
SPIKE = 20 * GWEI


def _spiking(number: int, base_fee_wei: int = SPIKE) -> BlockRef:
    return replace(block(number), base_fee_wei=base_fee_wei)


async def _newest(dispatcher: TransactionDispatcher) -> dict[int, Attempt]:
    return {attempt.nonce: attempt for attempt in dispatcher.signed()}


def test_every_job_that_is_worth_it_follows_at_once(tmp_path: Path) -> None:
    """However often: patience is for those that pay already."""

    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path, bump_after_blocks=9, max_bumps=1) as dispatcher:
            for name in ("a", "b"):
                await sent(dispatcher, name)
            dispatcher.signed()
            for number, base_fee in ((11, 5 * GWEI), (12, 10 * GWEI), (13, 20 * GWEI)):
                await dispatcher.track(_spiking(number, base_fee))
                raised = await _newest(dispatcher)
                assert sorted(raised) == [0, 1]
                assert all(pays(each.fees, base_fee) for each in raised.values())

    live(scenario)


def test_a_job_follows_no_further_than_it_is_worth(tmp_path: Path) -> None:
    """Nor above the operator's cap."""

    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path, max_fee_cap_wei=30 * GWEI) as dispatcher:
            await dispatcher.send(job("poor", budget_wei=20 * GWEI * GAS), FEES)
            await dispatcher.send(job("rich"), FEES)
            dispatcher.signed()
            await dispatcher.track(_spiking(11, 18 * GWEI))
            raised = await _newest(dispatcher)
            assert raised[0].fees.max_fee_wei == 20 * GWEI, "all it is worth is room for a rising base fee"
            assert raised[1].fees.max_fee_wei > raised[0].fees.max_fee_wei
            await dispatcher.track(_spiking(12, 40 * GWEI))
            assert await _newest(dispatcher) == {}

    live(scenario)


def test_a_job_that_is_not_worth_the_fee_steps_aside_for_one_that_is(tmp_path: Path) -> None:
    """Its nonce is used up by a cheap self-transfer in the same head: both are in the next block."""
    node = QuietNode()

    async def scenario() -> None:
        async with dispatching(node, tmp_path, bump_after_blocks=9) as dispatcher:
            await dispatcher.send(job("poor", budget_wei=BEFORE), FEES)
            await dispatcher.send(job("rich"), FEES)
            dispatcher.signed()
            await dispatcher.track(_spiking(11))
            raised = await _newest(dispatcher)
            assert raised[0].gas_limit == 21_000
            assert all(pays(raised[nonce].fees, SPIKE) for nonce in (0, 1))
            assert dispatcher.open_accounts() == {("venue", "rich")}
            assert {raised[0].transaction_hash, raised[1].transaction_hash} <= set(node.sent)

    live(scenario)


def test_a_job_nobody_waits_behind_keeps_its_place(tmp_path: Path) -> None:
    """The fee may fall again."""

    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path) as dispatcher:
            await dispatcher.send(job("poor", budget_wei=BEFORE), FEES)
            dispatcher.signed()
            await dispatcher.track(_spiking(11))
            assert await _newest(dispatcher) == {}
            assert dispatcher.open_accounts() == {("venue", "poor")}

    live(scenario)


def test_following_stays_within_the_spending_cap(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with dispatching(QuietNode(), tmp_path, spending_cap_wei_per_day=25 * GWEI * GAS) as dispatcher:
            await sent(dispatcher, "a")
            dispatcher.signed()
            await dispatcher.track(_spiking(11))
            (raised,) = (await _newest(dispatcher)).values()
            assert pays(raised.fees, SPIKE)
            await dispatcher.track(_spiking(12, 30 * GWEI))
            assert await _newest(dispatcher) == {}

    live(scenario)
