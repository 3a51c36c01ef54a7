"""Events out of chunks, wherever the chunks end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.server_sent_events import EventParser, ServerSentEvent

STREAM = b':\r\n\r\ndata:{"a":1}\n\n: comment\n\nevent: error\r\ndata: no\r\n\r\nid: 5\ndata:one\ndata: two\nretry:7\n\ndata:unfinished'
EVENTS = [ServerSentEvent("message", b'{"a":1}'), ServerSentEvent("error", b"no"), ServerSentEvent("message", b"one\ntwo")]


@given(st.lists(st.integers(0, len(STREAM))))
def test_chunks_may_end_anywhere(cuts: list[int]) -> None:
    parser = EventParser(100)
    ends = [*sorted(cuts), len(STREAM)]
    starts = [0, *ends[:-1]]
    assert [event for start, end in zip(starts, ends, strict=True) for event in parser.feed(STREAM[start:end])] == EVENTS


def test_an_event_is_bounded() -> None:
    """However it comes; many small ones at once are no large one."""
    parser = EventParser(100)
    assert len(parser.feed(b"data:x\n\n" * 1_000)) == 1_000
    parser.feed(b"data:" + b"x" * 95)
    with pytest.raises(BadUpdate) as caught:
        parser.feed(b"x")
    assert caught.value.reason is QuoteRefusal.FORMAT
