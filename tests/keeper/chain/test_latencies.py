"""What is usual, by what was asked for."""

import pytest

from keeper.chain.latencies import Latencies
from keeper.chain.rpc import RpcCall

ONE, OTHER = RpcCall("eth_x", []), RpcCall("eth_y", [])


def test_what_is_usual_follows_slowly() -> None:
    latencies = Latencies()
    assert latencies.usual_s([ONE]) is None
    assert latencies.record([ONE], 0.1) == pytest.approx(0.1)
    assert latencies.record([ONE], 0.2) == pytest.approx(0.12)
    assert latencies.usual_s([ONE]) == pytest.approx(0.12)


def test_requests_of_other_methods_or_much_larger_ones_say_nothing() -> None:
    """Those of nearly the same size do, in whatever order their calls are."""
    latencies = Latencies()
    latencies.record([ONE, OTHER] * 20, 0.1)
    assert latencies.usual_s([OTHER, ONE] * 25) == pytest.approx(0.1)
    assert latencies.usual_s([ONE] * 40) is None
    assert latencies.usual_s([ONE, OTHER]) is None
