"""What is committed is what the sources give."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet.anvil import AnvilError, tool_path
from contracts.devnet.compile import forge

_CONTRACTS = Path(__file__).parents[2] / "contracts"
_EXTRACT = runpy.run_path(str(_CONTRACTS / "extract_abis.py"))
_VENUE: dict[str, str] = _EXTRACT["VENUE"]
_OWN: dict[str, str] = _EXTRACT["OWN"]
_SYNTHETIX: dict[str, tuple[str, ...]] = _EXTRACT["SYNTHETIX"]

needs_packages = pytest.mark.skipif(not (_CONTRACTS / "node_modules" / "@perp").is_dir(), reason="npm ci --prefix contracts")


@pytest.fixture(scope="module")
def _compiled() -> None:
    try:
        tool_path("forge")
    except AnvilError as error:
        pytest.skip(str(error))
    build = forge("build")
    assert build.returncode == 0, build.stdout


@pytest.fixture(scope="module")
def _synthetix_compiled(synthetix_v3_compiled: None) -> None:
    """What has changed since is compiled again."""
    build = forge("build", profile="synthetix_v3")
    assert build.returncode == 0, build.stdout


@needs_packages
@pytest.mark.parametrize("contract", _VENUE)
def test_a_venues_abi_is_that_of_its_package(contract: str) -> None:
    extract: Callable[[str], str] = _EXTRACT["venue_abi"]
    assert (_CONTRACTS / "abi" / "perp_v2" / f"{contract}.json").read_text() == extract(contract)


@pytest.mark.fork
@pytest.mark.usefixtures("_synthetix_compiled")
@pytest.mark.parametrize("contract", _SYNTHETIX)
def test_the_abi_of_synthetix_is_that_of_its_compiled_modules(contract: str) -> None:
    extract: Callable[[str], str] = _EXTRACT["synthetix_abi"]
    assert (_CONTRACTS / "abi" / "synthetix_v3" / f"{contract}.json").read_text() == extract(contract)


@needs_packages
def test_the_abi_of_pyth_is_that_of_its_package() -> None:
    extract: Callable[[], str] = _EXTRACT["pyth_abi"]
    assert (_CONTRACTS / "abi" / "synthetix_v3" / "Pyth.json").read_text() == extract()


@pytest.mark.fork
@pytest.mark.usefixtures("_compiled")
@pytest.mark.parametrize("contract", _OWN)
def test_our_artifact_is_what_forge_makes_of_the_source(contract: str) -> None:
    extract: Callable[[str], str] = _EXTRACT["own_artifact"]
    assert (_CONTRACTS / "abi" / _OWN[contract] / f"{contract}.json").read_text() == extract(contract)


@pytest.mark.parametrize(("contract", "part"), _EXTRACT["PACKAGED"].items())
def test_the_keepers_own_copy_is_the_same(contract: str, part: str) -> None:
    packaged = files("keeper").joinpath(part, "abi", f"{contract}.json").read_text()
    assert packaged == (_CONTRACTS / "abi" / _OWN[contract] / f"{contract}.json").read_text()


@pytest.mark.fork
@pytest.mark.usefixtures("_compiled")
def test_the_solidity_tests_pass() -> None:
    tested = forge("test")
    assert tested.returncode == 0, tested.stdout
    assert " 0 failed" in tested.stdout


def test_the_lock_names_no_registry_and_hashes_everything() -> None:
    """Any registry with the same bytes will do, and no other bytes will."""
    text = (_CONTRACTS / "package-lock.json").read_text()
    assert "resolved" not in text
    packages: dict[str, Any] = json.loads(text)["packages"]
    assert len(packages) > 10
    assert all("integrity" in package for path, package in packages.items() if path)
