"""Raw calls: an error is taken only when no endpoint has better to say; a call's own failure stays in its place."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from keeper.chain.raw import RawCalls
from keeper.domain.chain import Purpose, Tally
from keeper.errors import RpcError
from tests.keeper.chain.fakes import bench, node

INTERNAL = RpcError(-32_603, "internal error")
REVERT = RpcError(3, "execution reverted", b"\x01")
ECHO = node(lambda method, params: method)
CALLS: Sequence[tuple[str, Sequence[Any]]] = [("one", []), ("two", [])]


def _stumbling(method: str, params: Sequence[Any]) -> Any:
    return INTERNAL if method == "two" else method


def test_a_stumble_in_a_batch_is_asked_of_the_next_endpoint() -> None:
    """The whole batch: its answers belong together."""
    on = bench(node(_stumbling), ECHO)
    assert asyncio.run(RawCalls(on.pool, Purpose.SEND).batch(CALLS)) == ["one", "two"]
    assert on.pool.usage().send == Tally(2, 4)


def test_where_all_stumble_the_best_answer_is_handed_on() -> None:
    """Each call's error in its place."""
    on = bench(node(lambda method, params: INTERNAL), node(_stumbling))
    one, two = asyncio.run(RawCalls(on.pool, Purpose.SEND).batch(CALLS))
    assert one == "one"
    assert isinstance(two, RpcError)
    with pytest.raises(RpcError, match="internal error"):
        asyncio.run(RawCalls(on.pool, Purpose.SEND).request("two", []))


def test_a_revert_is_an_answer() -> None:
    """Alone and in a batch."""
    on = bench(node(lambda method, params: REVERT if method == "two" else method), ECHO)
    one, two = asyncio.run(RawCalls(on.pool, Purpose.FORK).batch(CALLS))
    assert (one, two.data) == ("one", b"\x01")
    assert len(on.transports[1].posts) == 0


def test_one_endpoint_only() -> None:
    """Nobody else is asked, not even when it fails."""
    on = bench(node(_stumbling), ECHO)
    with pytest.raises(RpcError):
        asyncio.run(RawCalls(on.pool, Purpose.SEND, on.pool.endpoints()[0]).request("two", []))
    assert len(on.transports[1].posts) == 0
