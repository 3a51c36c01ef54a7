"""The tip that others pay: one call a block, and nothing but the operator's own where nobody tells."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.chain.incident import Incident
from keeper.chain.market_tip import MarketTip, median_tip
from keeper.domain.chain import BlockRef
from keeper.errors import RpcError
from tests.keeper.chain.simulated import make_block

BLOCK = replace(make_block(None, 1, 0).ref, number=100, base_fee_wei=7)
MISSING = RpcError(-32_601, "Method not found")


def history(block: BlockRef, tips: Sequence[int]) -> dict[str, Any]:
    """As a node tells it: base fees of these blocks and the next, a reward of each."""
    base_fees = [*range(len(tips) - 1), block.base_fee_wei, 8]
    return {
        "oldestBlock": hex(block.number - len(tips) + 1),
        "baseFeePerGas": [hex(fee) for fee in base_fees],
        "gasUsedRatio": [0.5] * len(tips),
        "reward": [[hex(tip)] for tip in tips],
    }


def _tip(blocks: int = 3) -> tuple[MarketTip, list[Incident]]:
    incidents: list[Incident] = []
    return MarketTip(blocks, 50, incidents.append), incidents


def _at(number: int) -> BlockRef:
    return replace(BLOCK, number=number)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30))
def test_the_median_is_one_of_the_tips_and_in_their_middle(tips: list[int]) -> None:
    tip = median_tip(history(BLOCK, tips), BLOCK)
    assert tip in tips
    assert 2 * sum(each < tip for each in tips) <= len(tips)
    assert 2 * sum(each > tip for each in tips) <= len(tips)


def test_a_block_is_asked_about_once() -> None:
    """And an older one never: what others paid then is no use now."""
    tip, _ = _tip()
    calls = [tip.call(_at(number)) for number in (100, 100, 99, 101)]
    assert [call and call.params for call in calls] == [["0x3", "0x64", [50]], None, None, ["0x3", "0x65", [50]]]


def test_it_can_be_left_unasked() -> None:
    tip, _ = _tip(0)
    assert tip.call(BLOCK) is None
    assert tip.wei is None


def test_a_tip_stands_as_long_as_the_history_it_came_from() -> None:
    """An endpoint that cannot tell of one block is no news."""
    tip, incidents = _tip(3)
    told: list[int | None] = []
    for number in range(100, 105):
        tip.call(_at(number))
        tip.take(history(_at(number), [1, 5, 9]) if number == 100 else MISSING, _at(number))
        told.append(tip.wei)
    assert told == [5, 5, 5, None, None]
    assert [(incident.event, "Method not found" in incident.detail) for incident in incidents] == [("no_fee_history", True)]


def test_that_nobody_tells_is_said_once_until_somebody_does() -> None:
    tip, incidents = _tip(1)
    answers: list[Any] = [MISSING, MISSING, history(_at(102), [4]), MISSING]
    for number, answer in enumerate(answers, start=100):
        tip.call(_at(number))
        tip.take(answer, _at(number))
    assert len(incidents) == 2
    assert tip.wei is None


@pytest.mark.parametrize(
    "changes",
    [
        {"oldestBlock": "0x1"},
        {"oldestBlock": None},
        {"baseFeePerGas": ["0x0"]},
        {"baseFeePerGas": ["0x0", "0x1", "0x8", "0x8"]},
        {"reward": None},
        {"reward": []},
        {"reward": [["0x1"], ["0x1"], []]},
        {"reward": [["0x1"], ["0x1"], ["0x1", "0x2"]]},
        {"reward": [["0x1"], ["-0x1"], ["0x1"]]},
        {"reward": [["0x1"], ["0x" + "f" * 64], ["0x" + "f" * 64]]},
    ],
)
def test_a_history_that_cannot_be_the_blocks_tells_nothing(changes: dict[str, Any]) -> None:
    """Of another block, malformed, or with a tip that nobody pays."""
    tip, incidents = _tip()
    tip.call(BLOCK)
    tip.take({**history(BLOCK, [1, 2, 3]), **changes}, BLOCK)
    assert tip.wei is None
    assert [incident.event for incident in incidents] == ["no_fee_history"]


@pytest.mark.parametrize("answer", [None, [], "0x", 7, {}])
def test_whatever_is_answered_nothing_is_raised(answer: Any) -> None:
    tip, _ = _tip()
    tip.call(BLOCK)
    tip.take(answer, BLOCK)
    assert tip.wei is None
