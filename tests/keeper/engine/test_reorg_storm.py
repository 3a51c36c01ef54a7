"""Many blocks replaced within a short time are a storm; it is over when they lie behind."""

from keeper.domain.chain import BlocksReverted
from keeper.engine.recent_blocks import RecentBlocks
from keeper.engine.reorg_storm import ReorgStorm
from tests.keeper.engine.fakes import block_ref


def test_more_than_the_limit_within_the_window_until_it_has_moved_on() -> None:
    recent = RecentBlocks(10)
    storm = ReorgStorm(recent, most=3, blocks=10)
    recent.added(block_ref(8))
    recent.added(block_ref(9))
    for fork in (1, 2):
        recent.reverted(BlocksReverted(block_ref(7), (block_ref(9, fork=fork - 1), block_ref(8, fork=fork - 1))))
        recent.added(block_ref(8, fork=fork))
        if fork == 1:
            assert storm.problem() is None, "two blocks"
    assert storm.problem() == "4 blocks were replaced within the last 10"
    for number in range(9, 17):
        recent.added(block_ref(number, fork=2))
    assert storm.problem() is not None
    recent.added(block_ref(17, fork=2))
    assert storm.problem() is None
