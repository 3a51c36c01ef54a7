"""A run on several venues at a time: one daemon, one shock, and each venue's figures beside the other's."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from contracts.demo.answers import ask
from contracts.demo.assets import change
from contracts.demo.figures import figures_of
from contracts.demo.ground import Ground
from contracts.demo.joint_summary import JointSummary, VenueSummary
from contracts.demo.parity import parity
from contracts.demo.perp_v2_ground import perp_v2_ground
from contracts.demo.programs import Keeper, analytics, running_keeper
from contracts.demo.run import Run
from contracts.demo.screen import Screen
from contracts.demo.shock import play_calm, play_shock
from contracts.demo.stage import SMALL_MARKET
from contracts.demo.synthetix_v3_ground import synthetix_v3_ground
from contracts.devnet.config import SYNTHETIX, VENUE, write_joint_config
from contracts.devnet.play import PlayedBlock

VENUES: Mapping[str, Callable[[int, int], AbstractContextManager[Ground]]] = {VENUE: perp_v2_ground, SYNTHETIX: synthetix_v3_ground}
"""What can be played on, by name: called with the number of traders and the seed."""
APART_SECONDS = 2.0
"""By so much the shock's first block on one venue may be later than on another."""
_WAIT_SECONDS = 60
_SETTINGS = {
    # Everybody is compared with the contract's own view at every tenth block.
    "PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": "10",
    "PERP_KEEPER__KEEPER__TRIPWIRE_ACCOUNTS": "1000000",
    "PERP_KEEPER__KEEPER__POSITION_SNAPSHOT_BLOCKS": "10",
    # Nobody is too small here: what is left over would count as missed.
    "PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0",
}


@dataclass(frozen=True, slots=True)
class JointScript:
    """What is played: `traders` on each of the venues, through so many seconds of the shock (see shock.play_shock), of whose both prints
    the second has come after half a minute and whose rebound is left out."""

    venues: Sequence[str]
    traders: int
    seed: int
    directory: Path
    shock_seconds: range = range(60, 100)


@dataclass(frozen=True, slots=True)
class JointPerformance:
    """The figures, and what `analytics report` said."""

    summary: JointSummary
    report: str


@dataclass(slots=True)
class _Course:
    """What the shock was: by venue its first block with other prices (wall time, unix seconds), and all of its blocks."""

    shock_at: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, range] = field(default_factory=dict)


def perform_jointly(script: JointScript, screen: Screen) -> JointPerformance:
    """Everything, from an empty directory to summary and report. Raises ProgramFailed, AnvilError, ArtifactMissing, DevnetError,
    RpcError, RpcUnavailable, TimeoutError."""
    started = time.monotonic()
    with ExitStack() as stack:
        with screen.step(f"local chains with the real contracts of {' and '.join(script.venues)}, {script.traders} traders on each"):
            grounds = {name: stack.enter_context(VENUES[name](script.traders, script.seed)) for name in script.venues}
            config = _prepare(script, list(grounds.values()))
        before = {name: ground.assets() for name, ground in grounds.items()}
        course = _course(script, grounds, config, screen)
        lake, pool = script.directory / "lake", stack.enter_context(ThreadPoolExecutor())
        # The report reads the lake, the referee the chains: neither needs to wait for the other.
        report = pool.submit(analytics, lake, "report", "all", "--out", str(script.directory), *SMALL_MARKET)
        words = "analytics report; referee: every account at every block by the contracts' own views"
        runs: dict[str, Run] = {}
        with screen.counting(words, sum(map(len, course.blocks.values()))) as count:
            for name, ground in grounds.items():
                ledger, prices = ground.judge(course.blocks[name], count), ground.prices()
                worth = change(before[name], ground.assets(), prices)
                runs[name] = Run(ground.traders, ask(lake, ground.site.deployment.chain_id), ledger, worth, prices)
            text = report.result()
        venues = {name: _venue_summary(run, course.shock_at[name], course.blocks[name][-1]) for name, run in runs.items()}
        summary = JointSummary(figures_of(*runs.values()), venues, script.seed, round(time.monotonic() - started, 1))
        return JointPerformance(summary, text)


def _prepare(script: JointScript, grounds: Sequence[Ground]) -> Path:
    """An empty directory with the addresses and the configuration, whose place is returned."""
    for name in ("lake", "keeper"):
        shutil.rmtree(script.directory / name, ignore_errors=True)
    (script.directory / "keeper.log").unlink(missing_ok=True)
    for ground in grounds:
        ground.site.deployment.save(script.directory / f"deployment.{ground.site.name}.json")
    config = script.directory / "keeper.toml"
    write_joint_config([ground.site for ground in grounds], config, mode="execute", lake_dir=script.directory / "lake")
    return config


def _course(script: JointScript, grounds: Mapping[str, Ground], config: Path, screen: Screen) -> _Course:
    """The shock on every chain at the same time, one keeper in execute mode on all of them."""
    course = _Course()
    words = f"shock: a block a second on {' and '.join(grounds)}, one keeper executes"
    with (
        running_keeper(config, script.directory / "keeper.log", settings=_SETTINGS) as keeper,
        screen.cascades(words, list(grounds)) as lines,
    ):
        _get_ready(grounds, keeper)
        first = {name: ground.head() + 1 for name, ground in grounds.items()}
        start_8 = {name: ground.start_prices_8() for name, ground in grounds.items()}

        def each(name: str, block: PlayedBlock) -> None:
            keeper.must_run()
            if block.index_8 != start_8[name]:
                course.shock_at.setdefault(name, time.time())
            lines[name].show(block, int(keeper.metrics(name).get('keeper_outcomes_total{outcome="included"}', 0)))

        play_shock(grounds, script.seed, script.shock_seconds, each)
        for name, ground in grounds.items():
            course.blocks[name] = range(first[name], ground.head() + 1)
            _until_caught_up(name, ground.head(), keeper)
        keeper.stop()
    return course


def _get_ready(grounds: Mapping[str, Ground], keeper: Keeper) -> None:
    """Blocks without price moves until the keeper has finished one of them on every chain."""
    ready = Event()

    def look(_name: str, _block: PlayedBlock) -> None:
        keeper.must_run()
        if all(keeper.metrics(name).get("keeper_head_block", 0) for name in grounds):
            ready.set()

    play_calm(grounds, _WAIT_SECONDS, look, ready)
    if not ready.is_set():
        raise TimeoutError("the keeper did not get ready")


def _until_caught_up(name: str, head: int, keeper: Keeper) -> None:
    """Until the keeper has finished a chain's newest block."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while keeper.metrics(name).get("keeper_head_block", 0) < head:
        keeper.must_run()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the keeper did not reach block {head} of {name}")
        time.sleep(0.05)


def _venue_summary(run: Run, shock_at: float, last_block: int) -> VenueSummary:
    ledger = run.ledger
    flagged = len(ledger.flagged)
    return VenueSummary(figures_of(run), round(shock_at, 3), flagged, ledger.unfinished(last_block), parity(run.referee_matches()))
