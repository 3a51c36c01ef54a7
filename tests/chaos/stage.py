"""What a scenario is played on: a devnet, endpoints with faults before it, the daemon, the block producer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

from contracts.devnet import AnvilOptions, Deployment, Devnet
from contracts.devnet.anvil import Anvil
from contracts.devnet.rpc import Rpc
from tests.chaos.daemon import Daemon
from tests.chaos.ground import Ground
from tests.chaos.perp_v2 import PerpV2Ground, perp_v2_ground
from tests.chaos.player import Player, of_path, slide
from tests.chaos.proxy import Fault, Line
from tests.chaos.sent import Sent

SLOTS_IN_EPOCH = 4
FINALITY = 2 * SLOTS_IN_EPOCH
BLOCK_SECONDS = 6
INTERVAL = 0.35
_READY_SECONDS = 60.0
SETTLE_BLOCKS = 12
"""In which Perp V2's mark arrives at the index."""
_SETTLE_SECONDS = 90.0
_WORK_OFF_BLOCKS, _WORK_OFF_STEP = 40, 4


Opening: TypeAlias = Callable[[AnvilOptions, int, int], AbstractContextManager[Ground]]
"""Brings a venue's devnet up: the node's options, the seed, the number of traders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """What a scenario needs. `finality` is in blocks, `block_seconds` chain time, `interval` wall seconds per block."""

    traders: int = 60
    endpoints: int = 1
    seed: int = 7
    finality: int = FINALITY
    block_seconds: int = BLOCK_SECONDS
    interval: float = INTERVAL
    socket: bool = True
    """Whether the daemon listens to the first endpoint's websocket."""
    mode: str = "execute"
    settings: Mapping[str, str] = field(default_factory=dict)
    settle_blocks: int = SETTLE_BLOCKS
    """Between the path's end and the judgement."""
    ground: Opening = perp_v2_ground


@dataclass
class Stage:
    """Everything of a running scenario. `notes` are figures for the row, `failures` what was expected and did not happen."""

    set: Set
    directory: Path
    ground: Ground
    lines: Sequence[Line]
    player: Player
    daemon: Daemon
    random: Random
    failures: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    right_exits: list[str] = field(default_factory=list)
    """Words of the last log line of exits that are right in this scenario."""
    daemons: list[Daemon] = field(default_factory=list)
    reachable: bool = True
    stolen_usd: float = 0.0
    trading_loss_usd: float = 0.0
    stopped_at: int = 0
    """The newest block when the daemon was told to stop."""
    untold: frozenset[str] = frozenset()
    """Transactions whose attempt or outcome stood in an outbox only that the scenario has deleted."""
    price_line: Line | None = None
    """Between the daemon and the price service, where the venue pulls its prices."""

    @property
    def devnet(self) -> Devnet:
        """Perp V2's, for scenarios of that venue alone."""
        assert isinstance(self.ground, PerpV2Ground)
        return self.ground.devnet

    @property
    def deployment(self) -> Deployment:
        """What stands on Perp V2's devnet."""
        return self.devnet.deployment

    @property
    def url(self) -> str:
        """The node's own endpoint."""
        return self.ground.anvil.url

    @property
    def rpc(self) -> Rpc:
        """The chain itself. For the scenario's own thread only."""
        return self.ground.rpc

    @property
    def lake(self) -> Path:
        """The daemon's lake."""
        return self.directory / "lake"

    @property
    def state(self) -> Path:
        """The daemon's outbox and lock."""
        return self.directory / "keeper"

    def head(self) -> int:
        """Height of the chain."""
        return int(self.rpc.call("eth_blockNumber"), 16)

    def mined(self) -> int:
        """How many transactions of the operator are in blocks."""
        return int(self.rpc.call("eth_getTransactionCount", self.ground.deployment.keeper, "latest"), 16)

    def expect(self, holds: bool, words: str) -> None:
        """Something the scenario is about; a failure where it does not hold."""
        if not holds:
            self.failures.append(words)

    def begin(self) -> None:
        """Blocks come, the daemon is up and has finished one."""
        self.player.start()
        self.daemon.start()
        self.ready()

    def ready(self, seconds: float = _READY_SECONDS) -> None:
        """Until the daemon has finished a block."""
        self.daemon.until(lambda: self.daemon.head() > 0, seconds, "the daemon did not finish a block")

    def fall(self, steps: int = 40, bps: int = -50) -> None:
        """All prices go down in small steps, one per block; returns at once."""
        self.player.follow(slide(self.ground.deployment.start_prices_8(), steps, bps, self.set.block_seconds))

    def play(self, path: str) -> None:
        """A path of the devnet; returns at once."""
        self.player.follow(of_path(path, self.ground.deployment.start_prices_8(), self.set.seed))

    def blocks(self, count: int) -> None:
        """Until so many more blocks were mined."""
        self.player.wait_blocks(count)

    @contextmanager
    def fault(self, *faults: Fault, at: int = 0) -> Iterator[None]:
        """While the context is open the endpoint suffers from these."""
        with self.lines[at].under(*faults):
            yield

    @contextmanager
    def price_fault(self, *faults: Fault) -> Iterator[None]:
        """While the context is open the price service suffers from these."""
        assert self.price_line is not None
        with self.price_line.under(*faults):
            yield

    def kill(self, down_s: float = 0.0) -> None:
        """SIGKILL and a new start."""
        self.daemon.kill()
        time.sleep(down_s)
        self.daemon.start()

    def reorg(self, depth: int) -> None:
        """Replace the newest blocks by empty ones, between two blocks."""
        rpc_url = self.url

        def act(_: object) -> None:
            with Rpc(rpc_url) as rpc:
                rpc.call("anvil_reorg", depth, [])

        self.player.between_blocks(act)

    def forget_pending(self) -> None:
        """The node forgets every pending transaction, between two blocks."""

        def act(_: object) -> None:
            with Rpc(self.url) as rpc:
                rpc.call("anvil_dropAllTransactions")

        self.player.between_blocks(act)

    def send_together(self, *transactions: Sent) -> list[str]:
        """Transactions of anybody, all in the next block, in the order of their tips; returns their hashes."""
        hashes: list[str] = []

        def act(_: object) -> None:
            with Rpc(self.url) as rpc:
                for item in transactions:
                    rpc.call("anvil_impersonateAccount", item.sender)
                    if item.funded:
                        rpc.call("anvil_setBalance", item.sender, hex(100 * 10**18))
                    hashes.append(rpc.call("eth_sendTransaction", item.fields()))

        self.player.between_blocks(act)
        return hashes

    def settle(self) -> None:
        """The path ends, the mark arrives, and the daemon is where the chain is. Endpoints are left as they are."""
        self.player.wait_path()
        self.blocks(self.set.settle_blocks)
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            if self.daemon.head() >= self.player.head - 1:
                self.blocks(2)
                if self.daemon.head() >= self.player.head - 1:
                    self._work_off()
                    return
            time.sleep(0.1)
        self.failures.append(
            f"the daemon does not catch up: at {self.daemon.head()}, the chain at {self.player.head}: {self.daemon.last_words()}"
        )

    def _work_off(self) -> None:
        """Some more blocks while somebody is liquidatable: on a busy machine a cascade lasts longer than its path."""
        for _ in range(_WORK_OFF_BLOCKS // _WORK_OFF_STEP):
            if self.set.mode != "execute" or not self.ground.breached(self.rpc, "latest"):
                return
            self.blocks(_WORK_OFF_STEP)

    def finish(self) -> None:
        """Settle and SIGTERM, while blocks go on: what is under way is awaited by the daemon."""
        self.settle()
        self.stopped_at = self.player.head
        self.notes["interval_s"] = round(self.player.pace.wall_interval, 2)
        self.notes["stop_s"] = round(self.daemon.stop(), 1)
        self.blocks(2)
        self.player.pause()

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """`keeper ARGUMENTS --config …`."""
        command = [sys.executable, "-m", "keeper", *arguments, "--config", str(self.daemon.config)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)

    def positions(self) -> Mapping[str, tuple[int, int]]:
        """(equity, requirement) by account as `keeper positions` rebuilds them, with the block in `notes`."""
        process = self.run("positions", "--json")
        if process.returncode:
            self.failures.append(f"keeper positions failed: {process.stderr[-300:]}")
            return {}
        answer = json.loads(process.stdout)
        self.notes["positions_block"] = answer["block"]
        return {row["account"]: (int(row["equity_raw"]), int(row["requirement_raw"])) for row in answer["accounts"]}

    def another_daemon(self, name: str, *, own_folders: bool) -> Daemon:
        """A second daemon with the same key, not supervised: on the same folders or on its own."""
        settings = dict(self.daemon.settings)
        if own_folders:
            settings |= {
                "PERP_KEEPER__LAKE__DIR": str(self.directory / name / "lake"),
                "PERP_KEEPER__KEEPER__STATE_DIR": str(self.directory / name / "keeper"),
            }
        other = Daemon(self.daemon.config, self.directory / f"{name}.log", settings, supervised=False)
        self.daemons.append(other)
        return other


@contextmanager
def forged_chain(stage: Stage, blocks_back: int = 0) -> Iterator[Anvil]:
    """A second node that shares the history up to now and goes on by itself with empty blocks, at the player's pace."""
    at = stage.head() - blocks_back
    options = AnvilOptions(
        block_time=None, no_mining=True, slots_in_epoch=SLOTS_IN_EPOCH, timestamp=None, fork_url=stage.url, fork_block=at
    )
    with Anvil.start(options) as anvil:
        yield anvil
