"""The run itself: devnet up, a simulate pass, the cascade with the keeper executing, and the figures at the end."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from contracts.demo.answers import ask, ask_missed
from contracts.demo.assets import change
from contracts.demo.figures import figures_of
from contracts.demo.perp_v2_assets import assets_of, prices_of
from contracts.demo.programs import Keeper, analytics, query, running_keeper
from contracts.demo.referee import Referee
from contracts.demo.rivalry import rivalry
from contracts.demo.rivals import running_rivals
from contracts.demo.run import Run
from contracts.demo.screen import Screen
from contracts.demo.summary import Summary
from contracts.devnet import PATHS, AnvilOptions, Devnet, PlayedBlock, play, write_config
from contracts.devnet.rivals import Rival, place_rivals

_SLOTS_IN_EPOCH = 4
_REHEARSAL_SECONDS = 44
"""Chain seconds of the simulate pass: both prints of the shock and what follows at once."""
_REHEARSAL_INTERVAL = 0.25
"""Wall seconds per block: nothing is sent, so nobody can be late."""
_PACE = ((372, 0.48), (None, 0.27))
"""(chain seconds until, wall seconds per block): most liquidations fall due on the way down, and two cores run chain and keeper."""
_TAIL_SECONDS = 30
"""Chain seconds after the last move: enough for the last liquidations and for closing what is still held."""
_WAIT_SECONDS = 60.0
SMALL_MARKET = ("--minute-floor", "10000", "--total-floor", "100000")
"""USD: an episode's usual floors are made for markets of billions."""
_USUAL_TRADERS = 120
_SETTINGS = {
    # Every account is compared with the contract's own view about every sixth block, at a cost that does not grow with the book.
    "PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": "3",
    "PERP_KEEPER__KEEPER__TRIPWIRE_ACCOUNTS": "60",
    "PERP_KEEPER__KEEPER__POSITION_SNAPSHOT_BLOCKS": "10",
    # Two cores are not busy with two forks: most of a settlement is waiting for the chain's answers.
    "PERP_KEEPER__EXECUTORS__DEVNET__FORKS": "2",
    # Nobody is too small here: what is left over would count as missed.
    "PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0",
}


@dataclass(frozen=True, slots=True)
class Script:
    """What is played, and against which rivals. `block_seconds` is chain time per block; wall time per block is in _PACE."""

    traders: int
    seed: int
    directory: Path
    path: str = "staircase"
    block_seconds: int = 6
    rivals: Sequence[str] = ()

    @property
    def slowness(self) -> float:
        """A crowd five times as large has five times as many liquidations in a block: chain time goes slower then."""
        return max(1.0, self.traders / _USUAL_TRADERS)


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures, and what `analytics report` said."""

    summary: Summary
    report: str


def perform(script: Script, screen: Screen) -> Performance:
    """Everything, from an empty directory to summary and report. Raises ProgramFailed, AnvilError, RpcError."""
    started = time.monotonic()
    with ExitStack() as stack:
        with screen.step(f"local chain with the real Perp V2 contracts and {script.traders} traders"):
            options = AnvilOptions(no_mining=True, slots_in_epoch=_SLOTS_IN_EPOCH)
            devnet = stack.enter_context(Devnet.up(options, seed=script.seed, traders=script.traders))
            rivals = place_rivals(devnet, script.rivals)
            _prepare(script, devnet)
        with screen.step("simulate pass: a shock, every candidate settled on a fork, nothing sent"):
            rehearsal = _rehearse(script, devnet)
        before = assets_of(devnet.rpc, devnet.deployment)
        blocks = _cascade(script, devnet, rivals, screen)
        after, prices = assets_of(devnet.rpc, devnet.deployment), prices_of(devnet.rpc, devnet.deployment)
        # The report reads the lake, the referee the chain: neither needs to wait for the other.
        lake, pool = script.directory / "lake", stack.enter_context(ThreadPoolExecutor())
        answers = pool.submit(ask, lake, devnet.deployment.chain_id)
        report = pool.submit(analytics, lake, "report", "all", "--out", str(script.directory), *SMALL_MARKET)
        with screen.counting("analytics report; referee: every account at every block by the contracts' own views", len(blocks)) as count:
            ledger = Referee(devnet.url, devnet.deployment).judge(blocks, count)
            text = report.result()
        run = Run(len(devnet.deployment.traders), answers.result(), ledger, change(before, after, prices), prices)
        names = {rival.executor.lower(): rival.name for rival in rivals}
        race = rivalry(run, names, ask_missed(lake)) if rivals else None
        return Performance(Summary(figures_of(run), rehearsal, script.seed, round(time.monotonic() - started, 1), race), text)


def _prepare(script: Script, devnet: Devnet) -> None:
    """An empty directory with the addresses and one configuration per pass."""
    for name in ("lake", "keeper", "rehearsal"):
        shutil.rmtree(script.directory / name, ignore_errors=True)
    devnet.deployment.save(script.directory / "deployment.json")
    _configure(script, devnet, script.directory)
    _configure(script, devnet, script.directory / "rehearsal")


def _configure(script: Script, devnet: Devnet, directory: Path) -> None:
    write_config(
        devnet.deployment,
        directory / "keeper.toml",
        url=devnet.url,
        ws_url=devnet.anvil.ws_url,
        mode="execute",
        lake_dir=directory / "lake",
        block_seconds=script.block_seconds,
        finality_depth=2 * _SLOTS_IN_EPOCH,
    )


def _rehearse(script: Script, devnet: Devnet) -> Mapping[str, int]:
    """A shock on the chain, the keeper in simulate mode, then the chain as if nothing had been. What was settled on forks."""
    directory = script.directory / "rehearsal"
    before = devnet.rpc.call("evm_snapshot")
    with running_keeper(directory / "keeper.toml", directory / "keeper.log", "--mode", "simulate") as keeper:
        _until_ready(script, devnet, keeper)
        path = [move for move in PATHS["shock"](devnet.deployment.start_prices_8(), script.seed) if move.seconds <= _REHEARSAL_SECONDS]
        play(
            devnet.url,
            devnet.deployment,
            path,
            block_seconds=script.block_seconds,
            wall_interval=_REHEARSAL_INTERVAL,
            tail_seconds=script.block_seconds,
        )
        _until_caught_up(devnet, keeper)
        keeper.stop()
    devnet.rpc.call("evm_revert", before)
    sql = (
        "select count(distinct account) as accounts, count(*) as settlements, count(*) filter (settled) as settled "
        "from simulations where method = 'fork'"
    )
    return {key: int(value) for key, value in query(directory / "lake", sql)[0].items()}


def _cascade(script: Script, devnet: Devnet, rivals: Sequence[Rival], screen: Screen) -> range:
    """The path, the keeper in execute mode, its rivals beside it; the blocks it took."""
    config, log_path = script.directory / "keeper.toml", script.directory / "keeper.log"
    log_path.unlink(missing_ok=True)
    paces = " and ".join(f"{interval * script.slowness:.1f}" for _, interval in _PACE)
    words = f"cascade: {script.path}, a block every {paces} s, the keeper executes{_against(script)}"
    with running_keeper(config, log_path, settings=_SETTINGS) as keeper, screen.cascade(words) as line, ExitStack() as stack:
        _until_ready(script, devnet, keeper)
        programs = stack.enter_context(running_rivals(devnet, rivals, script.directory))
        first = int(devnet.rpc.call("eth_blockNumber"), 16) + 1

        def each(block: PlayedBlock) -> None:
            keeper.must_run()
            for program in programs:
                program.must_run()
            line.show(block, int(keeper.metrics().get('keeper_outcomes_total{outcome="included"}', 0)))

        _play(script, devnet, each)
        _until_caught_up(devnet, keeper)
        keeper.stop()
        return range(first, int(devnet.rpc.call("eth_blockNumber"), 16) + 1)


def _against(script: Script) -> str:
    return f" against {', '.join(script.rivals)}" if script.rivals else ""


def _play(script: Script, devnet: Devnet, on_block: Callable[[PlayedBlock], None]) -> None:
    """The path, each part of it at its own pace. A block stays as long in chain time as any other."""
    moves = PATHS[script.path](devnet.deployment.start_prices_8(), script.seed)
    step = 0
    for seconds, interval in _PACE:
        stop = Event()

        def each(block: PlayedBlock, stop: Event = stop, seconds: int | None = seconds) -> None:
            nonlocal step
            step = block.step + 1
            on_block(block)
            if seconds is not None and step * script.block_seconds >= seconds:
                stop.set()

        play(
            devnet.url,
            devnet.deployment,
            moves,
            block_seconds=script.block_seconds,
            wall_interval=interval * script.slowness,
            on_block=each,
            first_step=step,
            tail_seconds=_TAIL_SECONDS,
            stop=stop,
        )


def _until_ready(script: Script, devnet: Devnet, keeper: Keeper) -> None:
    """Blocks without price moves until the keeper has finished one of them."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while "keeper_head_block" not in (metrics := keeper.metrics()) or not metrics["keeper_head_block"]:
        keeper.must_run()
        if time.monotonic() > deadline:
            raise TimeoutError("the keeper did not get ready")
        play(devnet.url, devnet.deployment, (), block_seconds=script.block_seconds, wall_interval=0.2, tail_seconds=script.block_seconds)
        time.sleep(0.2)


def _until_caught_up(devnet: Devnet, keeper: Keeper) -> None:
    """Until the keeper has finished the newest block."""
    head = int(devnet.rpc.call("eth_blockNumber"), 16)
    deadline = time.monotonic() + _WAIT_SECONDS
    while keeper.metrics().get("keeper_head_block", 0) < head:
        keeper.must_run()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the keeper did not reach block {head}")
        time.sleep(0.05)
