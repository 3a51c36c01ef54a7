"""Two deployments of one protocol on two chains in one daemon: what befalls one chain is no affair of the other's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.devnet import AnvilOptions, Devnet
from contracts.devnet.config import write_config
from contracts.devnet.rpc import Rpc
from tests.chaos import faults, lake
from tests.chaos.daemon import Daemon
from tests.chaos.perp_v2 import PerpV2Ground
from tests.chaos.player import Pace, Player, slide
from tests.chaos.proxy import Line
from tests.chaos.staging import slowness
from tests.chaos.verdict import Judge

pytestmark = [pytest.mark.chaos, pytest.mark.fork, pytest.mark.slow]

_FINALITY, _BLOCK_SECONDS, _INTERVAL = 16, 6, 0.8
_FEW = 8


@dataclass(frozen=True, slots=True)
class _Course:
    """How the prices of both chains fall, and for how many blocks the first chain's node hangs after so many calm ones."""

    steps: int
    bps: int
    calm_blocks: int
    hanging_blocks: int

    @property
    def hanging_s(self) -> float:
        return self.hanging_blocks * _INTERVAL


_SHORT = _Course(40, -50, 22, 10)
_MINUTE = _Course(140, -15, 50, 75)


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two chains, as the daemon sees it through a proxy."""

    name: str
    venue: str
    devnet: Devnet
    line: Line
    player: Player

    def fall(self, course: _Course) -> None:
        """All prices go down step by step."""
        self.player.follow(slide(self.devnet.deployment.start_prices_8(), course.steps, course.bps, _BLOCK_SECONDS))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both, and the daemon."""

    first: _Side
    second: _Side
    daemon: Daemon
    directory: Path

    def heads(self) -> Mapping[str, int]:
        """The newest block the daemon has finished, by chain."""
        _, text = self.daemon._get("metrics")
        return {name: int(float(head)) for name, head in re.findall(r'keeper_head_block\{chain="(\w+)"\} (\S+)', text)}

    def caught_up(self) -> None:
        """Until it has finished (nearly) every block of both."""
        sides = (self.first, self.second)
        self.daemon.until(lambda: all(self.heads().get(side.name, 0) >= side.player.head - 1 for side in sides), 90, "it does not catch up")

    def rows(self, sql: str) -> Sequence[Mapping[str, object]]:
        """A question to the lake."""
        return lake.rows(self.directory / "lake", sql)


def _renamed(config: str) -> str:
    """The second chain's settings, without what is common."""
    own = config[config.index("[chains.") :] if config.index("[chains.") > config.index("[lake]") else config
    sections = [part for part in re.split(r"(?m)^(?=\[)", own) if part.startswith(("[chains", "[executors", "[venues"))]
    return "".join(sections).replace("devnet", "other").replace("[venues.perp_v2]", "[venues.twin]")


@contextmanager
def _pair(directory: Path, traders: int) -> Iterator[_Pair]:
    with ExitStack() as stack:
        sides = []
        for name, venue, chain_id in (("devnet", "perp_v2", 31_337), ("other", "twin", 31_338)):
            options = AnvilOptions(no_mining=True, slots_in_epoch=_FINALITY // 2, chain_id=chain_id)
            devnet = stack.enter_context(Devnet.up(options, seed=7, traders=traders))
            line = stack.enter_context(Line(devnet.url, devnet.anvil.ws_url, seed=chain_id))
            write_config(
                devnet.deployment,
                directory / f"{name}.toml",
                url=line.url,
                ws_url=line.ws_url,
                mode="execute",
                lake_dir=directory / "lake",
                block_seconds=_BLOCK_SECONDS,
                finality_depth=_FINALITY,
            )
            pace = Pace(_BLOCK_SECONDS, _INTERVAL * slowness())
            player = Player(PerpV2Ground(devnet).driver, devnet.deployment.start_prices_8(), pace)
            stack.callback(player.stop)
            sides.append(_Side(name, venue, devnet, line, player))
        config = directory / "keeper.toml"
        config.write_text((directory / "devnet.toml").read_text() + "\n" + _renamed((directory / "other.toml").read_text()))
        settings = {"PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0", "PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": "3"}
        daemon = Daemon(config, directory / "keeper.log", settings)
        stack.callback(daemon.close)
        yield _Pair(sides[0], sides[1], daemon, directory)


def _allow_twin(pair: _Pair) -> None:
    """The devnet's executor knows its venue by another name: the owner lets the operator act on this one, as a user would."""
    keys = pair.directory / "other"
    command = [
        *(sys.executable, "-m", "keeper", "executor", "allow", "--config", str(pair.daemon.config), "--executor", "other"),
        *("--owner-key", f"{keys}.owner.key.json", "--password-file", f"{keys}.password"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def _share(lateness: Sequence[int]) -> float:
    """Of liquidations, those in the first possible block."""
    assert len(lateness) >= _FEW, "too few to judge by"
    return sum(each == 0 for each in lateness) / len(lateness)


def test_a_chain_that_stops_and_reorganises_leaves_the_other_alone(tmp_path: Path) -> None:
    _play(tmp_path, _SHORT, traders=24)


@pytest.mark.skipif("PERP_KEEPER_LONG" not in os.environ, reason="a whole minute's stop: `make chaos-long`")
@pytest.mark.timeout(900)
def test_a_chain_that_stops_for_a_minute_leaves_the_other_alone(tmp_path: Path) -> None:
    assert _MINUTE.hanging_s >= 60
    _play(tmp_path, _MINUTE, traders=60)


def _play(tmp_path: Path, course: _Course, traders: int) -> None:
    with _pair(tmp_path, traders) as pair:
        first, second = pair.first, pair.second
        first.player.start()
        second.player.start()
        _allow_twin(pair)
        pair.daemon.start()
        pair.daemon.until(lambda: len(pair.heads()) == 2 and min(pair.heads().values()) > 0, 60, "both chains are not followed")
        first.fall(course)
        second.fall(course)
        calm = second.player.head + 1
        second.player.wait_blocks(course.calm_blocks)
        begun = second.player.head + 1
        with first.line.under(faults.Hang()):
            second.player.wait_blocks(course.hanging_blocks)
        disturbed = range(begun, second.player.head + 1)
        depth = 3

        def replace(_: object) -> None:
            with Rpc(first.devnet.url) as rpc:
                rpc.call("anvil_reorg", depth, [])

        # What it has not seen it cannot take back.
        pair.caught_up()
        first.player.between_blocks(replace)
        first.player.wait_path()
        second.player.wait_path()
        second.player.wait_blocks(8)
        pair.caught_up()
        pair.daemon.stop()
        for side in (first, second):
            side.player.pause()
        assert pair.daemon.exits == []
        judge = Judge(PerpV2Ground(second.devnet), tmp_path / "lake", tmp_path / "keeper")
        late = judge.lateness(range(calm, second.player.head + 1))
        before = _share([each for block, items in late.items() if block not in disturbed for each in items])
        during = _share([each for block, items in late.items() if block in disturbed for each in items])
        figures = f"{before:.0%} undisturbed, {during:.0%} while the other chain's node hung for {course.hanging_s:.0f} s"
        sys.stdout.write(f"in the first possible block: {figures}\n")
        assert before - during <= 0.1, figures
        lines = [json.loads(line) for line in (tmp_path / "keeper.log").read_text().splitlines() if line.startswith("{")]
        assert {line["chain"] for line in lines if line["event"] == "reorg"} == {"devnet"}
        liquidated = {(row["venue"], row["chain_id"]): row["n"] for row in pair.rows(_LIQUIDATED)}
        assert liquidated.keys() == {("perp_v2", 31_337), ("twin", 31_338)}
        for side in (first, second):
            followed = _recorded(pair, side)
            assert followed == _canonical(side, min(followed)), side.name


_LIQUIDATED = "SELECT venue, chain_id, count(*)::BIGINT AS n FROM liquidations WHERE ours GROUP BY ALL"


def _recorded(pair: _Pair, side: _Side) -> Mapping[int, str]:
    """Hashes of the blocks that were followed, in the lake; all but the newest three, which came while the daemon ended."""
    chain_id = side.devnet.deployment.chain_id
    blocks = pair.rows(f"SELECT block_number, block_hash FROM blocks WHERE chain_id = {chain_id} AND NOT recovered")
    hashes = {int(str(row["block_number"])): str(row["block_hash"]) for row in blocks}
    return {number: block_hash for number, block_hash in sorted(hashes.items()) if number <= side.player.head - 3}


def _canonical(side: _Side, first: int) -> Mapping[int, str]:
    with Rpc(side.devnet.url) as rpc:
        blocks = rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number in range(first, side.player.head - 2)])
    return {int(block["number"], 16): block["hash"] for block in blocks}
