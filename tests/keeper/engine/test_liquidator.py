"""What plans under way have taken of a venue, until its book knows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from keeper.domain.account import AccountKey
from keeper.domain.attempt import Attempt, Job
from keeper.domain.fees import Fees
from keeper.domain.fixed import X18
from keeper.domain.use import NOTHING
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.fakes import ListDispatcher
from tests.keeper.engine.test_chain_lane import world_of


def test_what_an_attempt_took_counts_until_the_book_stands_at_its_block() -> None:
    """A venue may be behind the block in which the attempt ended."""
    world, decision = world_of(), replace(decision_of("0xa"), unwind=True)
    world.liquidator.renew("toy", 1, [decision])
    asyncio.run(world.liquidator.work([decision], 1))
    assert world.liquidator.used("toy", 1).base("TOY") == X18
    assert world.dispatcher is not None
    world.dispatcher.open.clear()
    world.liquidator.concluded(("toy", AccountKey("0xa")), 3)
    assert world.liquidator.used("toy", 2).base("TOY") == X18
    assert world.liquidator.used("other", 2) == NOTHING
    assert world.liquidator.used("toy", 3) == NOTHING


class _SlowDispatcher(ListDispatcher):
    """Its transaction is in the outbox, but no endpoint has answered yet."""

    async def send(self, job: Job, fees: Fees) -> Sequence[Attempt]:
        attempts = await super().send(job, fees)
        await asyncio.sleep(0.01)
        return attempts


def test_what_is_being_broadcast_is_sent_and_not_at_work() -> None:
    """A newer block does not decide about it anew, so its use must not be given to others."""
    world = world_of(dispatcher=_SlowDispatcher())
    decision = replace(decision_of("0xa"), unwind=True)
    world.liquidator.renew("toy", 1, [decision])

    async def work() -> None:
        task = asyncio.create_task(world.liquidator.work([decision], 1))
        await asyncio.sleep(0.002)
        assert world.dispatcher is not None
        assert world.dispatcher.jobs
        assert world.liquidator.at_work("toy") == {}
        assert world.liquidator.used("toy", 1).base("TOY") == X18
        await task

    asyncio.run(work())
