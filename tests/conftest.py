"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from contracts.devnet.anvil import Anvil, AnvilError, AnvilOptions, anvil_path
from contracts.devnet.artifacts import ArtifactMissing
from contracts.devnet.devnet import Devnet
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.synthetix_v3.artifacts import artifact
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.prices import publish

_OF_THE_CHAIN = frozenset({"anvil", "devnet", "synthetix_devnet"})
"""Fixtures, and below markers, of tests that run nodes: two of them at a time would starve each other on two cores."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever runs a node is done by one worker, one after the other, while the other workers do the rest."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        fixtures = _OF_THE_CHAIN & set(getattr(item, "fixturenames", ()))
        if fixtures or any(item.get_closest_marker(name) for name in ("fork", "chaos")):
            item.add_marker(pytest.mark.xdist_group("chain"))


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """structlog is configured per process, to a stream that may end with the test: every test leaves it as it was."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _own_runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Devnets share their keys: keepers of other test runs on this machine are not the ones to meet."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    yield
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture
def anvil() -> Iterator[Callable[[AnvilOptions], Anvil]]:
    """Starts anvils that end with the test. Skips where anvil is not installed."""
    _need_anvil()
    with ExitStack() as running:
        yield lambda options: running.enter_context(Anvil.start(options))


@pytest.fixture(scope="session")
def _session_devnet() -> Iterator[Devnet]:
    _need_anvil()
    with Devnet.up(AnvilOptions(no_mining=True), seed=7, traders=24) as devnet:
        yield devnet


@pytest.fixture
def devnet(_session_devnet: Devnet) -> Iterator[Devnet]:
    """A devnet of 24 traders in manual mining; what a test does to the chain is taken back after it."""
    snapshot = _session_devnet.rpc.call("evm_snapshot")
    yield _session_devnet
    assert _session_devnet.rpc.call("evm_revert", snapshot)


@pytest.fixture(scope="session")
def synthetix_v3_compiled() -> None:
    """Skips where the contracts of Synthetix V3 are not compiled."""
    try:
        artifact("SelectorRouter")
    except ArtifactMissing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _session_synthetix_devnet(synthetix_v3_compiled: None) -> Iterator[SynthetixDevnet]:
    _need_anvil()
    with SynthetixDevnet.up(AnvilOptions(no_mining=True), seed=7, traders=24) as devnet:
        yield devnet


@pytest.fixture
def synthetix_devnet(_session_synthetix_devnet: SynthetixDevnet) -> Iterator[SynthetixDevnet]:
    """A Synthetix V3 devnet of 24 traders in manual mining; what a test does to the chain is taken back after it. Pyth begins
    anew with every test, at the start prices."""
    devnet = _session_synthetix_devnet
    snapshot = devnet.rpc.call("evm_snapshot")
    pythnet = Pythnet(devnet.pythnet.guardian)
    head = devnet.rpc.call("eth_getBlockByNumber", "latest", False)
    publish(pythnet, devnet.deployment.markets, devnet.deployment.start_prices_8(), int(head["timestamp"], 16))
    yield replace(devnet, pythnet=pythnet)
    assert devnet.rpc.call("evm_revert", snapshot)


def _need_anvil() -> None:
    try:
        anvil_path()
    except AnvilError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real recordings, beside the repository; PERP_KEEPER_SHARED names another place. Skips where there are none."""
    shared = os.environ.get("PERP_KEEPER_SHARED")
    data = (Path(shared) if shared else Path(__file__).resolve().parents[2] / "shared") / "data"
    if not data.is_dir():
        pytest.skip(f"no real recordings at {data}")
    return data
