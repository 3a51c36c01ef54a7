"""A base fee is a spike beside the median of the blocks before it, and none once it is the median itself."""

from dataclasses import replace

from keeper.engine.base_fee_spike import BaseFeeSpike
from keeper.engine.recent_blocks import RecentBlocks
from tests.keeper.engine.fakes import block_ref

GWEI = 10**9


def _problems(*fees_gwei: int, percent: int = 1_000, blocks: int = 5) -> list[str | None]:
    recent = RecentBlocks(blocks + 1)
    spike = BaseFeeSpike(recent, percent, blocks)
    problems = []
    for number, fee in enumerate(fees_gwei):
        recent.added(replace(block_ref(number), base_fee_wei=fee * GWEI))
        problems.append(spike.problem())
    return problems


def test_the_first_block_has_nothing_to_compare_with() -> None:
    assert BaseFeeSpike(RecentBlocks(3), 200, 2).problem() is None
    assert _problems(10**6) == [None]


def test_ten_times_the_median_is_none_and_more_is_one() -> None:
    assert _problems(1, 1, 1, 10) == [None] * 4
    assert _problems(1, 1, 1, 11)[-1] == "the base fee is 11 gwei, the median of 3 blocks before 1 gwei"


def test_it_is_over_when_the_fee_is_down_again() -> None:
    assert [problem is None for problem in _problems(2, 2, 2, 50, 50, 2)] == [True, True, True, False, False, True]


def test_a_fee_that_stays_is_the_median_after_half_of_the_blocks() -> None:
    """Of the lower two in the middle: five blocks need three."""
    assert [problem is None for problem in _problems(1, 1, 1, 1, 1, 50, 50, 50, 50)] == [True] * 5 + [False] * 3 + [True]


def test_a_chain_without_a_base_fee_has_no_spike() -> None:
    assert _problems(0, 0, 0, 1) == [None] * 4
