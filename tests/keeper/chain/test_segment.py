"""The unfinalised end of the chain never breaks its links."""

import pytest

from keeper.chain.segment import Segment
from keeper.domain.chain import BlockRef
from tests.keeper.chain.simulated import make_block


def _blocks(count: int, parent: BlockRef | None = None, salt: int = 1) -> list[BlockRef]:
    blocks: list[BlockRef] = []
    for _ in range(count):
        parent = make_block(parent, salt, 0).ref
        blocks.append(parent)
    return blocks


def test_a_segment_knows_its_blocks() -> None:
    """By number, by hash, and what comes next."""
    anchor, one, two, three = _blocks(4)
    segment = Segment(anchor, [one, two])
    assert (segment.anchor, segment.tip) == (anchor, two)
    assert [segment.at(number) for number in (-1, 0, 1, 2, 3)] == [None, anchor, one, two, None]
    assert segment.holds(anchor.hash)
    assert not segment.holds(three.hash)
    assert segment.continues(three)
    assert not segment.continues(two)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_only_the_next_block_can_be_added(place: int) -> None:
    """Neither one that is there, nor one that leaves a gap."""
    blocks = _blocks(4)
    with pytest.raises(ValueError, match="does not follow"):
        Segment(blocks[0], blocks[1:2]).append(blocks[place])


def test_a_block_of_another_fork_does_not_link() -> None:
    """Same number, other parent."""
    blocks = _blocks(3)
    other = _blocks(2, blocks[0], salt=9)[1]
    with pytest.raises(ValueError, match="does not follow"):
        Segment(blocks[0], blocks[1:2]).append(other)


def test_reverting_gives_the_orphans_from_the_newest_down() -> None:
    """And the ancestor is the tip afterwards; the anchor itself may be it."""
    anchor, one, two, three = _blocks(4)
    segment = Segment(anchor, [one, two, three])
    assert segment.revert_to(one) == (three, two)
    assert segment.tip == one
    assert segment.revert_to(one) == ()
    assert segment.revert_to(anchor) == (one,)
    with pytest.raises(ValueError, match="not part"):
        segment.revert_to(one)


def test_finality_moves_the_anchor() -> None:
    """Depth blocks below the tip, never backwards."""
    blocks = _blocks(6)
    segment = Segment(blocks[0], blocks[1:])
    assert segment.finalise(9) is None
    assert segment.finalise(5) is None
    assert segment.finalise(3) == blocks[2]
    assert segment.anchor == blocks[2]
    assert segment.finalise(4) is None
    assert segment.finalise(0) == blocks[5]
    assert segment.tip == segment.anchor == blocks[5]
