"""The command line as a user has it, in this process: `keeper("positions", "--json")`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner, Result

from contracts.devnet import Devnet, write_config
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from keeper.cli import app


class Cli(Protocol):
    """`environment` is added to the process's own."""

    def __call__(self, *arguments: object, environment: Mapping[str, str] | None = None) -> Result: ...


@pytest.fixture
def keeper() -> Cli:
    """Runs a command; the result has exit_code, stdout and stderr. Wide enough that no table is folded."""
    runner = CliRunner(env={"COLUMNS": "250", "TERM": "dumb"})

    def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments], env=environment, prog_name="keeper")

    return run


@pytest.fixture
def config(devnet: Devnet, tmp_path: Path) -> Path:
    """The ready settings of the devnet, which has no lake yet."""
    path = tmp_path / "keeper.toml"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=devnet.anvil.ws_url, mode="observe", lake_dir=tmp_path / "lake")
    return path


@pytest.fixture
def synthetix_config(synthetix_devnet: SynthetixDevnet, tmp_path: Path) -> Path:
    """That of the Synthetix V3 devnet, with the keys beside it. No price service answers: the chain has prices."""
    path, devnet = tmp_path / "keeper.toml", synthetix_devnet
    service = "http://127.0.0.1:1"
    write_config(devnet.deployment, path, url=devnet.url, ws_url=None, mode="execute", lake_dir=tmp_path / "lake", price_service=service)
    return path
