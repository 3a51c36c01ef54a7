"""Which anvil is taken: the operator's before PATH's before the checkout's; none is an error that says what to do."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from keeper.errors import ConfigError
from keeper.execution.anvil import anvil_program


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def _npm_anvil(checkout: Path) -> Path:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = f"anvil-{platform.system().lower()}-{machine}"
    return _program(checkout / "contracts" / "node_modules" / "@foundry-rs" / package / "bin" / "anvil")


def test_the_operators_own_comes_first(tmp_path: Path) -> None:
    own = _program(tmp_path / "own" / "anvil-1.7")
    _program(tmp_path / "bin" / "anvil")
    assert anvil_program(str(own), str(tmp_path / "bin"), tmp_path) == str(own)


def test_the_one_on_path_comes_before_the_checkouts(tmp_path: Path) -> None:
    on_path = _program(tmp_path / "bin" / "anvil")
    _npm_anvil(tmp_path)
    assert anvil_program(None, str(tmp_path / "bin"), tmp_path) == str(on_path)


def test_a_checkout_has_the_one_of_npm(tmp_path: Path) -> None:
    npm_anvil = _npm_anvil(tmp_path)
    assert anvil_program(None, str(tmp_path / "bin"), tmp_path) == str(npm_anvil)


def test_a_name_that_is_no_program_is_refused_although_there_is_another(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "anvil")
    with pytest.raises(ConfigError, match=r"anvil of the executor: no program anvill\."):
        anvil_program("anvill", str(tmp_path / "bin"), tmp_path)


def test_without_any_the_key_and_the_mend_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"anvil of the executor: there is no anvil on PATH\. Install"):
        anvil_program(None, str(tmp_path), tmp_path)
