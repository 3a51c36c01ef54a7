"""A venue of an installed package in the programs: nothing of perp-keeper names it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.chain import Chain
from contracts.devnet.roles import OWNER
from contracts.devnet.rpc import Rpc
from keeper.domain.calldata import word
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
tripwire_blocks = 1

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
_BLOCK, _CANDIDATE, _DECIDED = '"event": "block"', '"event": "candidate"', '"candidates": 1'
"""What a line of the log says; the last of a block with one, whose rows are made."""
_POSITIONS_SLOT = 4
"""Where ToyExchange.positions begins: behind price, rate, growth and its time."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A program that runs, and its log."""

    process: subprocess.Popen[str]

    def await_lines(self, *words: str) -> None:
        """Until each of these has been in a line."""
        missing = set(words)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            missing -= {word for word in missing if word in line}
            if not missing:
                return
        pytest.fail(f"it ended before {missing}")

    def end(self) -> tuple[int, str]:
        """Its exit code, and the rest of its log."""
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs with the package on their path, its exchange on a local chain, and one trader with a position."""

    environment: dict[str, str]
    settings: Path
    lake: Path
    rpc: Rpc
    exchange: str
    trader: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A program, to its end."""
        command = (sys.executable, "-m", *words)
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def output(self, *words: str) -> str:
        """What a program says. Fails where it fails."""
        run = self.run(*words)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout

    def keeper(self, *words: str) -> str:
        """What the keeper says."""
        return self.output("keeper", *words, "--config", str(self.settings))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What the lake answers."""
        rows: list[dict[str, Any]] = json.loads(self.output("analytics", "query", sql, "--lake", str(self.lake), "--json"))
        return rows

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        """A keeper that follows the chain, past its first block."""
        command = (sys.executable, "-m", "keeper", "run", "--config", str(self.settings))
        with subprocess.Popen(
            command, cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                daemon = Daemon(process)
                daemon.await_lines(_BLOCK)
                yield daemon
            finally:
                process.kill()


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
    explanation = installation.keeper("explain", "toy", installation.trader)
    assert "equity" in explanation
    assert f"contract: healthy, Healthy({installation.trader}, " in explanation
    words = ("quote", "toy", "--market", "TOY", "--side", "long", "--size", "1", "--leverage", "5", "--json")
    assert int(json.loads(installation.keeper(*words))["liquidation_price_raw"]) / X18 == pytest.approx(80 / 0.9, rel=1e-6)


def test_its_breaches_are_found_and_recorded(installation: Installation) -> None:
    """The keeper follows the chain while the price falls; the lake has the decision and why, and that the contract agreed all the time."""
    with installation.daemon() as daemon:
        _fall(installation)
        daemon.await_lines(_CANDIDATE, _DECIDED)
        daemon.process.terminate()
        code, output = daemon.end()
    assert code == 0, output
    rows = installation.rows("SELECT DISTINCT venue, account, reason FROM decisions WHERE reason IS NOT NULL")
    assert rows == [{"venue": "toy", "account": installation.trader, "reason": "observing"}], output
    verdicts = installation.rows("SELECT DISTINCT chain_verdict, breach, matches FROM account_snapshots ORDER BY chain_verdict")
    assert verdicts == [
        {"chain_verdict": "healthy", "breach": None, "matches": True},
        {"chain_verdict": "liquidatable", "breach": "positions", "matches": True},
    ], output


def test_a_verdict_that_differs_stops_the_venue_and_is_recorded(installation: Installation) -> None:
    """A debt grows without an event: the contract would let the position be liquidated, and nothing that was logged says why."""
    with installation.daemon() as daemon:
        _grow_debt(installation)
        code, output = daemon.end()
    assert code == 1, output
    assert "breach none here, liquidatable on chain: liquidate goes through" in output
    rows = installation.rows("SELECT account, breach, chain_verdict, equity_chain_raw FROM account_snapshots WHERE NOT matches")
    assert rows == [{"account": installation.trader, "breach": None, "chain_verdict": "liquidatable", "equity_chain_raw": None}], output


def test_a_verdict_that_differs_is_explained(installation: Installation) -> None:
    _grow_debt(installation)
    run = installation.run("keeper", "explain", "toy", installation.trader, "--config", str(installation.settings))
    assert run.returncode == 1, run.stdout + run.stderr
    assert "contract: liquidatable, liquidate goes through DIFFERS" in run.stdout


def _fall(installation: Installation) -> None:
    """From 100 to 80, a dollar a block."""
    chain = Chain.at_head(installation.rpc)
    for price in range(100, 80, -1):
        chain.send(OWNER, installation.exchange, "setPrice(uint256)", price * X18)
        chain.produce(chain.now + _BLOCK_SECONDS)


def _grow_debt(installation: Installation) -> None:
    """To 990 dollars, and a block."""
    position = int.from_bytes(keccak(word(installation.trader) + word(_POSITIONS_SLOT)), "big")
    slot, debt = f"0x{position + 1:064x}", f"0x{990 * X18:064x}"
    installation.rpc.call("anvil_setStorageAt", installation.exchange, slot, debt)
    chain = Chain.at_head(installation.rpc)
    chain.produce(chain.now + _BLOCK_SECONDS)
