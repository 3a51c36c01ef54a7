"""Pauses between rounds."""

import pytest

from keeper.chain.retry import RetryOptions
from keeper.errors import RpcUnavailable
from tests.keeper.chain.fakes import HTML, ask, bench


def test_pauses_grow_to_a_bound_with_jitter() -> None:
    """Rounds, not endpoints, are paused; then the failure is told."""
    on = bench(lambda _: HTML, retry=RetryOptions(retries=5, backoff_s=0.1, backoff_cap_s=1.0))
    with pytest.raises(RpcUnavailable, match="not a JSON-RPC answer"):
        ask(on)
    assert on.clock.sleeps == pytest.approx([0.075, 0.15, 0.3, 0.6, 0.75])  # the fake jitter draws 0.5: three quarters
    assert RetryOptions().pause(10_000, 0.999) <= 5.0
