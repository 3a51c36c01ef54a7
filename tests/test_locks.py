"""The locks: every package by version and hash, from any registry with the same bytes, and all of them for one environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = "requirements.lock"
EXTRAS = {f"requirements-{name}.lock": name for name in PROJECT["project"]["optional-dependencies"]}
GROUPS = {f"requirements-{name}.lock": name for name in PROJECT["dependency-groups"]}
LOCKS = (RUNTIME, *EXTRAS, *GROUPS)


def _pins(lock: str) -> Mapping[str, frozenset[str]]:
    """Package -> its lines, hashes included; some have another version for another Python."""
    packages: dict[str, frozenset[str]] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()):
        name = entry.partition("==")[0]
        packages[name] = packages.get(name, frozenset()) | {entry}
    return packages


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~ ]", requirement)[0] for requirement in requirements}


def test_there_is_one_for_each_extra_and_no_other() -> None:
    assert {path.name for path in ROOT.glob("*.lock")} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_a_version_and_hashes_and_no_address(lock: str) -> None:
    for entries in _pins(lock).values():
        for entry in entries:
            assert re.match(r"[a-z0-9-]+==\S+( ; .+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry)
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", EXTRAS)
def test_an_extras_lock_is_the_runtimes_and_more(lock: str) -> None:
    extra = PROJECT["project"]["optional-dependencies"][EXTRAS[lock]]
    assert _pins(RUNTIME).items() <= _pins(lock).items()
    assert _names(extra) <= _pins(lock).keys()


@pytest.mark.parametrize("lock", GROUPS)
def test_a_groups_lock_has_what_it_asks_for(lock: str) -> None:
    assert _names(PROJECT["dependency-groups"][GROUPS[lock]]) <= _pins(lock).keys()


def test_extras_fit_into_the_developers_environment() -> None:
    dev, notebooks = _pins("requirements-dev.lock"), _pins("requirements-notebooks.lock")
    assert {name: dev[name] for name in dev.keys() & notebooks.keys()} == {name: notebooks[name] for name in dev.keys() & notebooks.keys()}


def test_the_runtime_has_what_it_asks_for_and_no_tool_of_ours() -> None:
    assert _names(PROJECT["project"]["dependencies"]) <= _pins(RUNTIME).keys()
    assert not _pins(RUNTIME).keys() & {"pytest", "ruff", "mypy", "hatchling", "ipykernel"}
