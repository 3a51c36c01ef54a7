"""Which blocks venues have processed beyond where following begins, and which of them the chain has replaced."""

from keeper.engine.start import Ahead, Position, Start, linked
from tests.keeper.engine.fakes import block_ref


def _at(first: int, last: int) -> Position:
    return Position(block_ref(last), tuple(block_ref(number) for number in range(first, last + 1)))


def test_following_begins_where_the_venue_furthest_behind_stands() -> None:
    start = Start({"a": _at(7, 9), "b": _at(3, 5)}, 12)
    assert start.lowest == _at(3, 5)


def test_a_venue_has_what_it_has_processed_also_where_its_block_is_no_longer_known() -> None:
    ahead = Ahead({"a": _at(7, 9), "b": _at(3, 5)})
    assert [ahead.has("a", block_ref(number)) for number in (6, 9, 10)] == [True, True, False]
    assert not ahead.has("b", block_ref(6))
    assert not ahead.has("new", block_ref(1))


def test_a_replaced_block_takes_those_above_it_with_it() -> None:
    ahead = Ahead({"a": _at(7, 9), "b": _at(3, 5)})
    assert ahead.replaced(block_ref(7)) == {}
    assert ahead.replaced(block_ref(8, fork=1)) == {"a": (block_ref(9), block_ref(8))}
    assert ahead.replaced(block_ref(8, fork=1)) == {}, "told once"
    assert [ahead.has("a", block_ref(number)) for number in (7, 8, 9)] == [True, False, False]


def test_a_block_that_is_not_the_parent_of_the_oldest_known_one_takes_it_along() -> None:
    ahead = Ahead({"a": _at(7, 8)})
    assert ahead.replaced(block_ref(6, fork=1)) == {"a": (block_ref(8), block_ref(7))}
    assert not ahead.has("a", block_ref(6, fork=1))


def test_a_reorg_below_takes_all_of_it() -> None:
    ahead = Ahead({"a": _at(7, 9), "b": _at(3, 5)})
    assert ahead.above(6) == [block_ref(9), block_ref(8), block_ref(7)]
    assert not ahead.has("a", block_ref(7))
    assert ahead.has("b", block_ref(5))


def test_the_newest_blocks_that_link_to_each_other() -> None:
    blocks = [block_ref(number) for number in (2, 3, 5, 8, 9, 10)]
    assert linked(blocks) == tuple(block_ref(number) for number in (8, 9, 10))
    assert linked(blocks[:2]) == tuple(blocks[:2])
    assert linked([]) == ()
