"""(e) Settling real liquidations: the first candidate of a head (the fork moves and fetches), the next one, and the eth_call pre-check."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from keeper import assembly, evm
from keeper.chain.chain import ChainClient
from keeper.domain.chain import Address, BlockRef, Purpose, Timestamp
from keeper.domain.decision import min_guard_change
from keeper.domain.money import ZERO_USD
from keeper.domain.outcome import SimOutcome, SimSettled
from keeper.domain.plan import LiquidationPlan
from keeper.domain.use import NOTHING
from keeper.engine.survey import Survey
from keeper.execution.anvil import anvil_program
from keeper.execution.executor import encode_execute
from keeper.execution.gateway import Gateway
from keeper.execution.simulate import ForkSimulator, SimulatorOptions
from keeper.service.log import logger
from tests.bench.rounds import Compared, scaled
from tests.chaos.harness import Harness

_AHEAD_SECONDS = 6
_FIRST, _FOLLOWING, _PRE_CHECK = "first candidate of a head", "following candidate", "pre_check (eth_call)"


@dataclass(frozen=True, slots=True)
class _Bench:
    """The simulator, the chain it forks, and two plans for accounts that are breached."""

    chain: ChainClient
    simulator: ForkSimulator
    sides: tuple[Address, Address]
    plans: tuple[LiquidationPlan, LiquidationPlan]

    async def round(self, block: BlockRef) -> dict[str, float]:
        """Seconds of each step at a block the fork has not seen yet."""
        at = Timestamp(block.timestamp + _AHEAD_SECONDS)
        one, other = [
            (*self.sides, encode_execute("perp_v2", plan, min_guard_change(plan, ZERO_USD)), plan.gas_limit, block, at)
            for plan in self.plans
        ]
        return {
            _PRE_CHECK: await _seconds(self.simulator.pre_check(*one)),
            _FIRST: await _seconds(self.simulator.settle(*one)),
            _FOLLOWING: await _seconds(self.simulator.settle(*other)),
        }


def simulation(stage: Harness, rounds: int = 12) -> Sequence[Compared]:
    """Milliseconds. Every round mines a block first. RuntimeError when a plan does not settle."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            bench = runner.run(_bench(stage, stack))
            steps = []
            for _ in range(rounds + 1):
                stage.quiet(1, interval=0.01)
                steps.append(runner.run(bench.round(runner.run(bench.chain.head()))))
        finally:
            runner.run(stack.aclose())
    measured = {name: scaled([step[name] for step in steps[1:]], 1e3) for name in steps[0]}
    question, note = "simulation of a liquidation", f"{len(bench.plans[0].calls)} and {len(bench.plans[1].calls)} calls"
    return [
        Compared(question, _FOLLOWING, _FIRST, "ms", measured[_FOLLOWING], measured[_FIRST], note),
        Compared(question, _PRE_CHECK, _FIRST, "ms", measured[_PRE_CHECK], measured[_FIRST]),
        Compared(question, _PRE_CHECK, _FOLLOWING, "ms", measured[_PRE_CHECK], measured[_FOLLOWING]),
    ]


async def _bench(stage: Harness, stack: AsyncExitStack) -> _Bench:
    scope = stage.scope
    execution = scope.executors[0].settings
    assert execution.operator is not None
    assert execution.address is not None
    venues = assembly.build_venues(scope)
    chain = await stack.enter_async_context(evm.open_chain(scope, venues, logger()))
    program = anvil_program(execution.anvil)
    node = chain.node(Purpose.FORK)
    gateway = await stack.enter_async_context(Gateway(node, scope.chain.id))
    options = SimulatorOptions(anvil_command=(program,), prefetch=False)
    simulator = await stack.enter_async_context(ForkSimulator(options, node, gateway.open_door()))
    return _Bench(chain, simulator, (execution.operator, execution.address), await _plans(stage, chain))


async def _plans(stage: Harness, chain: ChainClient) -> tuple[LiquidationPlan, LiquidationPlan]:
    """Of the first two breached accounts that have one, as the daemon would make them."""
    scope = stage.scope
    evaluator = assembly.build_evaluators(scope, {"perp_v2": stage.venue}, chain)["perp_v2"]
    block = await chain.head()
    survey = Survey(
        chain, chain, None, start_block=scope.chain.start_block, finality_depth=scope.chain.finality_depth, report=lambda _: None
    )
    await survey.bring_to("perp_v2", evaluator, block)
    breached = [item for item in await evaluator.evaluate(block) if item.health.liquidatable]
    all_plans = [evaluator.plan(item.account, block.timestamp, NOTHING) for item in breached]
    plans = [plan for plan in all_plans if isinstance(plan, LiquidationPlan)]
    if len(plans) < 2:
        raise RuntimeError(f"the fall left {len(breached)} accounts breached, {len(plans)} of them with a plan; two are needed")
    return plans[0], plans[1]


async def _seconds(work: Awaitable[SimOutcome]) -> float:
    began = time.perf_counter()
    outcome = await work
    elapsed = time.perf_counter() - began
    if not isinstance(outcome, SimSettled):
        raise RuntimeError(f"a plan that should settle reverted: {outcome.data.hex()}")
    return elapsed
