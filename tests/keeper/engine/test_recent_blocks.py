"""The newest blocks and the orphaned ones among them, as a plain list of everything that happened would tell."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import BlocksReverted
from keeper.engine.recent_blocks import RecentBlocks
from tests.keeper.engine.fakes import block_ref

STEPS = st.lists(st.one_of(st.just(0), st.integers(1, 5)), max_size=60)
"""0 is a block, anything else a reorg that deep."""


def test_before_the_first_block_there_is_nothing() -> None:
    recent = RecentBlocks(4)
    assert (recent.newest, recent.time, recent.before_newest(3), recent.orphaned(3)) == (None, 0, [], 0)


@given(STEPS, st.integers(1, 7))
def test_they_are_those_of_the_chain(steps: list[int], within: int) -> None:
    recent, chain = RecentBlocks(12), [block_ref(0)]
    known = list(chain)
    reorgs: list[tuple[int, int]] = []
    recent.added(chain[0])
    for fork, depth in enumerate(steps):
        if depth and depth < len(chain):
            orphaned = tuple(reversed(chain[-depth:]))
            del chain[-depth:]
            known = [block for block in known if block.number <= chain[-1].number]
            recent.reverted(BlocksReverted(chain[-1], orphaned))
            reorgs.append((chain[-1].number, depth))
        chain.append(block_ref(chain[-1].number + 1, fork=fork))
        recent.added(chain[-1])
        known = [*known, chain[-1]][-12:]
        assert (recent.newest, recent.time) == (chain[-1], chain[-1].timestamp)
        assert recent.before_newest(3) == known[:-1][-3:]
        assert recent.orphaned(within) == sum(count for ancestor, count in reorgs if ancestor > chain[-1].number - within)


def test_what_is_below_the_head_is_told_from_the_oldest_on() -> None:
    recent = RecentBlocks(4)
    for number in range(6):
        recent.added(block_ref(number))
    assert [block.number for block in recent.before_newest(2)] == [3, 4]
    assert [block.number for block in recent.before_newest(9)] == [2, 3, 4]
