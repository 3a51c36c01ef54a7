"""An endpoint's record: probed ever more rarely while it keeps failing, given as much time as it usually takes."""

from typing import Any

import pytest

from keeper.chain.member import Member
from keeper.chain.retry import RetryOptions
from keeper.chain.rpc import Endpoint, RpcCall
from keeper.domain.chain import Purpose
from tests.keeper.chain.fakes import ScriptedTransport

CALLS = [RpcCall("eth_x", [])]
RETRY = RetryOptions(probe_pause_s=0.5, probe_pause_cap_s=4.0)


def _member() -> Member:
    def nothing(_: Any) -> Any:
        return None

    return Member(Endpoint("http://a", ScriptedTransport(nothing), 100))


def test_who_keeps_failing_is_probed_ever_more_rarely() -> None:
    """Up to a bound; also when it answers in between, so that one that stumbles every time costs little."""
    member = _member()
    pauses = []
    for now in range(6):
        member.record_failure(now, RETRY, Purpose.READ)
        pauses.append(member.probe_at - now)
        member.record_recovery(now)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_old_failures_are_forgiven() -> None:
    """A minute of sound answers."""
    member = _member()
    for now in range(5):
        member.record_failure(now, RETRY, Purpose.READ)
    member.record_recovery(10)
    member.record_failure(100, RETRY, Purpose.READ)
    assert member.probe_at == 100.5


def test_patience_follows_what_is_usual_within_bounds() -> None:
    """Unknown, fast, slow, very slow; ranges of logs have their own."""
    retry = RetryOptions(hedge_factor=4, hedge_floor_s=0.1, hedge_cap_s=1.0, bulky_cap_s=4.0)
    patience = []
    for seconds in (None, 0.001, 0.1, 2.0):
        member = _member()
        if seconds is not None:
            member.record_latency(CALLS, seconds)
        patience.append(member.patience_s(CALLS, retry, bulky=False))
    assert patience == pytest.approx([1.0, 0.1, 0.4, 1.0])
    assert _member().patience_s(CALLS, retry, bulky=True) == 4.0


def test_patience_is_learned_slowly() -> None:
    """One slow answer is an exception, many are the rule."""
    member = _member()
    for _ in range(20):
        member.record_latency(CALLS, 0.05)
    member.record_latency(CALLS, 0.1)
    assert member.patience_s(CALLS, RETRY, bulky=False) == pytest.approx(0.24)


def test_latency_is_that_of_the_whole_request() -> None:
    """A head alone is fast; with all receipts of a block, or a hundred times at once, it may take its time."""
    head, receipts = RpcCall("eth_getBlockByNumber", ("latest", False)), RpcCall("eth_getBlockReceipts", ("0x1",))
    requests = {"head": [head], "head and receipts": [head, receipts], "headers": [head] * 100}
    member = _member()
    for _ in range(20):
        member.record_latency(requests["head"], 0.05)
        member.record_latency(requests["head and receipts"], 0.1)
        member.record_latency(requests["headers"], 0.2)
    patience = {name: member.patience_s(calls, RETRY, bulky=False) for name, calls in requests.items()}
    assert patience == pytest.approx({"head": 0.2, "head and receipts": 0.4, "headers": 0.8})


def test_requests_of_nearly_the_same_size_are_of_one_kind() -> None:
    """And the order of their calls does not matter; an unknown kind is given all the time there is."""
    calls = [RpcCall("eth_x", []), RpcCall("eth_y", [])] * 20
    member = _member()
    member.record_latency(calls, 0.05)
    assert member.patience_s([*calls[::-1], *calls[:10]], RETRY, bulky=False) == pytest.approx(0.2)
    assert member.patience_s(calls[:2], RETRY, bulky=False) == 1.0
