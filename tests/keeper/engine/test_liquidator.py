"""What plans under way have taken of a venue, until its book knows."""

import asyncio

from keeper.domain.account import AccountKey
from keeper.domain.fixed import X18
from keeper.domain.use import NOTHING
from tests.keeper.engine.decided import decision_of
from tests.keeper.engine.test_chain_lane import world_of


def test_what_an_attempt_took_counts_until_the_book_stands_at_its_block() -> None:
    """A venue may be behind the block in which the attempt ended."""
    world, decision = world_of(), decision_of("0xa")
    world.liquidator.renew("toy", 1, [decision])
    asyncio.run(world.liquidator.work(decision, 1))
    assert world.liquidator.used("toy", 1).base("TOY") == X18
    assert world.dispatcher is not None
    world.dispatcher.open.clear()
    world.liquidator.concluded(("toy", AccountKey("0xa")), 3)
    assert world.liquidator.used("toy", 2).base("TOY") == X18
    assert world.liquidator.used("other", 2) == NOTHING
    assert world.liquidator.used("toy", 3) == NOTHING
