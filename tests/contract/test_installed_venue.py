"""A venue of an installed package in the programs: nothing of perp-keeper names it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.chain import Chain
from contracts.devnet.roles import OWNER
from contracts.devnet.rpc import Rpc
from keeper.domain.fixed import X18
from tests.contract.wheel import install

pytestmark = pytest.mark.fork

ROOT = Path(__file__).parents[2]
_DEPLOYMENT = """
import sys
from contracts.devnet.rpc import Rpc
from keeper.domain.fixed import X18
from toy_exchange_proof.devnet import ToyDevnet
devnet = ToyDevnet.deploy(Rpc(sys.argv[1]))
devnet.send(devnet.people[0], "open(uint256,uint256)", 10 * X18, 850 * X18)
devnet.mine(12)
print(devnet.exchange, devnet.dollar, devnet.people[0])
"""
_SETTINGS = """
[keeper]
mode = "observe"

[lake]
dir = "{lake}"

[chains.local]
id = 31337
rpc_urls = ["{url}"]
start_block = 0
gas_coin_market = "TOY"

[venues.toy]
protocol = "toy_exchange"
chain = "local"
exchange = "{exchange}"
dollar = "{dollar}"
"""
_BLOCK_SECONDS = 2
_BLOCK, _CANDIDATE = '"event": "block"', '"event": "candidate"'
"""What a line of the log is about."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs with the package on their path, its exchange on a local chain, and one trader with a position."""

    environment: dict[str, str]
    settings: Path
    lake: Path
    rpc: Rpc
    exchange: str
    trader: str

    def output(self, *words: str) -> str:
        """What a program says. Fails where it fails."""
        command = (sys.executable, "-m", *words)
        run = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def keeper(self, *words: str) -> str:
        """What the keeper says."""
        return self.output("keeper", *words, "--config", str(self.settings))


@pytest.fixture
def installation(anvil: Callable[[AnvilOptions], Anvil], tmp_path: Path) -> Iterator[Installation]:
    node = anvil(AnvilOptions(no_mining=True))
    environment = os.environ | {"PYTHONPATH": f"{install(tmp_path)}{os.pathsep}{ROOT}", "COLUMNS": "200"}
    deployment = subprocess.run(
        (sys.executable, "-c", _DEPLOYMENT, node.url), cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    exchange, dollar, trader = deployment.stdout.split()
    settings, lake, rpc = tmp_path / "keeper.toml", tmp_path / "lake", Rpc(node.url)
    settings.write_text(_SETTINGS.format(lake=lake, url=node.url, exchange=exchange, dollar=dollar))
    yield Installation(environment, settings, lake, rpc, exchange, trader)
    rpc.close()


def test_its_positions_are_shown_explained_and_quoted(installation: Installation) -> None:
    """850 dollars of debt on 10 of the base: liquidatable below 94.44; a quote of leverage 5 at 100 below 88.89."""
    (account,) = json.loads(installation.keeper("positions", "--json"))["accounts"]
    (position,) = account["positions"]
    assert account["account"] == installation.trader
    assert int(position["liquidation_price_raw"]) / X18 == pytest.approx(850 / 9, rel=1e-6)
    assert "equity" in installation.keeper("explain", "toy", installation.trader)
    words = ("quote", "toy", "--market", "TOY", "--side", "long", "--size", "1", "--leverage", "5", "--json")
    assert int(json.loads(installation.keeper(*words))["liquidation_price_raw"]) / X18 == pytest.approx(80 / 0.9, rel=1e-6)


def test_its_breaches_are_found_and_recorded(installation: Installation) -> None:
    """The keeper follows the chain while the price falls; the lake has the decision and why."""
    command = (sys.executable, "-m", "keeper", "run", "--config", str(installation.settings))
    environment = installation.environment
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as daemon:
        assert daemon.stdout is not None
        assert any(_BLOCK in line for line in daemon.stdout), "it ended before the first block"
        _fall(installation)
        assert any(_CANDIDATE in line for line in daemon.stdout), "it ended before the first candidate"
        daemon.terminate()
        output, _ = daemon.communicate(timeout=60)
    assert daemon.returncode == 0, output
    sql = "SELECT DISTINCT venue, account, reason FROM decisions WHERE reason IS NOT NULL"
    rows = json.loads(installation.output("analytics", "query", sql, "--lake", str(installation.lake), "--json"))
    assert rows == [{"venue": "toy", "account": installation.trader, "reason": "observing"}], output


def _fall(installation: Installation) -> None:
    """From 100 to 80, a dollar a block."""
    chain = Chain.at_head(installation.rpc)
    for price in range(100, 80, -1):
        chain.send(OWNER, installation.exchange, "setPrice(uint256)", price * X18)
        chain.produce(chain.now + _BLOCK_SECONDS)
