"""An anvil comes up by itself and never stays behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.devnet.anvil import BASE_FEE, GENESIS_TIMESTAMP, Anvil, AnvilError, AnvilOptions
from contracts.devnet.rpc import Rpc, RpcError, RpcUnavailable

pytestmark = pytest.mark.fork
Start = Callable[[AnvilOptions], Anvil]


def test_it_is_gone_when_left(anvil: Start) -> None:
    """No process survives its `with`."""
    anvil(AnvilOptions())  # skips where there is none
    with Anvil.start() as running:
        os.kill(running.pid, 0)
    assert _gone(running)


def test_it_is_gone_after_an_exception(anvil: Start) -> None:
    """Nor does one survive a failure inside of it."""
    anvil(AnvilOptions())
    starting = Anvil.start()
    running = starting.__enter__()
    assert not starting.__exit__(ZeroDivisionError, ZeroDivisionError(), None), "and the failure goes on"
    assert _gone(running)


def test_options_reach_it(anvil: Start, tmp_path: Path) -> None:
    """Birth, chain id, gas limit, fee and manual mining are what was asked for."""
    log = tmp_path / "anvil.log"
    with Rpc(anvil(AnvilOptions(chain_id=77, no_mining=True, gas_limit=20_000_000, log_path=log)).url) as rpc:
        head = rpc.call("eth_getBlockByNumber", "latest", False)
        assert int(rpc.call("eth_chainId"), 16) == 77
        assert int(head["timestamp"], 16) == GENESIS_TIMESTAMP
        assert (int(head["gasLimit"], 16), int(head["baseFeePerGas"], 16)) == (20_000_000, BASE_FEE)
        assert rpc.call("anvil_getAutomine") is False
    assert "eth_chainId" in log.read_text()


def test_a_taken_port_is_an_error(anvil: Start) -> None:
    """A port that was asked for is not silently replaced by another."""
    port = int(anvil(AnvilOptions()).url.rpartition(":")[2])
    with pytest.raises(AnvilError, match="in use"), Anvil.start(AnvilOptions(port=port)):
        pass


def test_it_forks_another(anvil: Start) -> None:
    """A fork sees the other chain's state and keeps its own changes to itself."""
    account = "0x" + "ab" * 20
    first = anvil(AnvilOptions())
    with Rpc(first.url) as origin:
        origin.batch([("anvil_setBalance", [account, "0x5"]), ("evm_mine", [])])
        with Rpc(anvil(AnvilOptions(fork_url=first.url)).url) as fork:
            assert fork.call("eth_getBalance", account, "latest") == "0x5"
            fork.call("anvil_setBalance", account, "0x6")
        assert origin.call("eth_getBalance", account, "latest") == "0x5"


def test_a_refusal_carries_the_nodes_words(anvil: Start) -> None:
    with Rpc(anvil(AnvilOptions()).url) as rpc, pytest.raises(RpcError, match="no_such_method"):
        rpc.call("no_such_method")


def test_silence_is_another_error() -> None:
    with Rpc("http://127.0.0.1:1") as rpc, pytest.raises(RpcUnavailable):
        rpc.call("eth_chainId")


def _gone(running: Anvil) -> bool:
    try:
        os.kill(running.pid, 0)
    except ProcessLookupError:
        return True
    return False
