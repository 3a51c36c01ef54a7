"""What an uptime feed says, and what is no answer."""

import pytest
from eth_utils.crypto import keccak

from keeper.domain.calldata import word
from keeper.domain.chain import Address, CallResult, Timestamp
from keeper.domain.sequencer import Sequencer, sequencer

FEED = Address("0x" + "fe" * 20)


def _answered(answer: CallResult) -> Sequencer | None:
    question = sequencer(FEED)
    (call,) = next(question)
    assert (call.to, call.data) == (FEED, keccak(text="latestRoundData()")[:4])
    with pytest.raises(StopIteration) as end:
        question.send([answer])
    state: Sequencer | None = end.value.value
    return state


def _round(answer: int, started_at: int) -> CallResult:
    return CallResult(True, b"".join(map(word, (7, answer, started_at, started_at + 1, 7))))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (_round(0, 1_000), Sequencer(True, Timestamp(1_000))),
        (_round(1, 1_000), Sequencer(False, Timestamp(1_000))),
        (_round(0, 0), None),
        (_round(2, 1_000), None),
        (CallResult(False, b""), None),
        (CallResult(True, word(1)), None),
        (CallResult(True, b""), None),
    ],
    ids=["up", "down", "no round yet", "neither", "reverted", "too short", "no contract"],
)
def test_the_feed(answer: CallResult, state: Sequencer | None) -> None:
    assert _answered(answer) == state
