"""kill -9 at random moments, and processes that stand still: the lake equals the chain afterwards, nothing is sent twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from tests.chaos import faults
from tests.chaos.scenario import Scenario, Script
from tests.chaos.stage import Set, Stage

_START_SECONDS = 3.0
_LEAST_STEPS, _DEPTH_BPS = 40, 2_000
"""A fall of about 20 % in all, in steps of half a percent at most: what is steeper costs the liquidator more than he gets."""


def killed(kills: int, *, least_s: float, most_s: float, path: str | None = None, reorgs: bool = False, down_s: float = 0.0) -> Script:
    """`kills` times, between `least_s` and `most_s` after a start (a start itself takes about 3 s)."""

    def script(stage: Stage) -> None:
        stage.player.start()
        stage.daemon.start()
        stage.ready()
        if path is None:
            # One step per block, as many blocks as the kills take.
            seconds = kills * ((least_s + most_s) / 2 + down_s)
            steps = max(_LEAST_STEPS, int(seconds / stage.player.pace.wall_interval))
            stage.fall(steps=steps, bps=-_DEPTH_BPS // steps)
        else:
            stage.play(path)
        for _ in range(kills):
            time.sleep(stage.random.uniform(least_s, most_s))
            if reorgs and stage.random.random() < 0.5:
                stage.reorg(stage.random.randint(1, 4))
            stage.kill(down_s)
        stage.finish()

    return script


def killed_at_outcomes(kills: int) -> Script:
    """Each time a moment after a transaction of ours was mined: reported to the outbox, not yet in the lake."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=90, bps=-25)
        for _ in range(kills):
            count = stage.mined()
            deadline = time.monotonic() + 15
            while stage.mined() == count and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(stage.random.uniform(0.0, 0.6))
            stage.kill()
            stage.daemon.until(lambda: stage.daemon.head() > 0, 30, "the daemon did not come back")
        stage.finish()

    return script


def killed_in_catch_up(kills: int) -> Script:
    """While a long history is fetched, with a large finality depth."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=30)
        stage.blocks(30)
        stage.daemon.kill()
        # Far behind: the next starts have to catch up over most of it.
        stage.blocks(40)
        for _ in range(kills):
            stage.daemon.start()
            time.sleep(stage.random.uniform(0.8, 3.5))
            stage.daemon.kill()
            stage.blocks(3)
        stage.daemon.start()
        stage.finish()

    return script


def killed_in_backfill(kills: int) -> Script:
    """A fresh lake over a history that is already there, killed again and again before it is complete."""

    def script(stage: Stage) -> None:
        stage.player.start()
        stage.fall(steps=50)
        stage.player.wait_path()
        for _ in range(kills):
            stage.daemon.start()
            time.sleep(stage.random.uniform(0.8, 3.0))
            stage.daemon.kill()
        stage.daemon.start()
        stage.ready()
        stage.finish()

    return script


def backfill_then_run(stage: Stage) -> None:
    """`keeper backfill`, some blocks, `keeper run`, and once more (F6)."""
    stage.player.start()
    stage.fall(steps=40)
    stage.blocks(15)
    for _ in range(2):
        answer = stage.run("backfill")
        stage.expect(answer.returncode == 0, f"keeper backfill failed: {answer.stderr[-300:]}")
        stage.blocks(3)
        stage.daemon.start()
        time.sleep(_START_SECONDS + 3)
        stage.daemon.kill()
    stage.daemon.start()
    stage.ready()
    stage.finish()


def killed_while_ill(kills: int) -> Script:
    """Restarts while the first of two endpoints refuses."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=60, bps=-30)
        stage.blocks(5)
        with stage.fault(faults.Refuse()):
            for _ in range(kills):
                stage.kill()
                stage.ready()
                time.sleep(stage.random.uniform(0.0, 1.5))
        stage.finish()

    return script


def daemon_stopped(seconds: float) -> Script:
    """SIGSTOP and SIGCONT of the daemon."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=40)
        stage.blocks(8)
        stage.daemon.freeze()
        time.sleep(seconds)
        stage.daemon.thaw()
        stage.finish()

    return script


def node_stopped(seconds: float) -> Script:
    """SIGSTOP and SIGCONT of the node itself: nobody answers, nothing is mined."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=40)
        stage.blocks(8)
        os.kill(stage.devnet.anvil.pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(stage.devnet.anvil.pid, signal.SIGCONT)
        stage.finish()

    return script


_CROWD = Set(traders=60)
_DEEP = Set(traders=40, finality=64)
_LOOPS: Sequence[tuple[str, str, Script, Set]] = (
    ("killed-in-cascade-1", "Killed 12 times at random moments of a cascade.", killed(12, least_s=2.5, most_s=6.0), _CROWD),
    ("killed-in-cascade-2", "The same with other moments.", killed(12, least_s=2.5, most_s=5.0), Set(traders=60, seed=8)),
    ("killed-early", "Killed 14 times, most of them before it is up.", killed(14, least_s=0.2, most_s=3.5), _CROWD),
    ("killed-at-outcomes", "Killed 12 times just after a transaction of ours was mined.", killed_at_outcomes(12), _CROWD),
    ("killed-with-reorgs", "Killed 10 times, every second time after a reorg.", killed(10, least_s=2.5, most_s=5.0, reorgs=True), _CROWD),
    ("killed-and-down", "Killed 8 times, 3 s down each time.", killed(8, least_s=3.0, most_s=5.0, down_s=3.0), _CROWD),
    ("killed-in-catch-up", "Killed 12 times while it catches up, finality 64 blocks deep.", killed_in_catch_up(12), _DEEP),
    ("killed-in-backfill", "Killed 12 times while a fresh lake is filled.", killed_in_backfill(12), Set(traders=60)),
    ("killed-in-backfill-deep", "The same with a finality of 64 blocks.", killed_in_backfill(12), _DEEP),
)

SCENARIOS: Sequence[Scenario] = (
    *(Scenario(name=name, about=about, script=script, needs=needs) for name, about, script, needs in _LOOPS),
    Scenario(
        name="killed-with-one-endpoint-down",
        about="Killed 5 times while the first of two endpoints refuses.",
        script=killed_while_ill(5),
        needs=Set(endpoints=2),
    ),
    Scenario(
        name="killed-briefly", about="Killed 4 times at random moments of a cascade.", script=killed(4, least_s=3.0, most_s=5.0), short=True
    ),
    Scenario(
        name="backfill-then-run", about="keeper backfill, then keeper run, and once more (F6).", script=backfill_then_run, needs=_DEEP
    ),
    Scenario(name="daemon-stopped-10s", about="The daemon stands still for 10 s (SIGSTOP).", script=daemon_stopped(10)),
    Scenario(name="node-stopped-10s", about="The node stands still for 10 s (SIGSTOP).", script=node_stopped(10)),
    Scenario(name="node-stopped-30s", about="The node stands still for 30 s (F3).", script=node_stopped(30)),
    Scenario(name="daemon-stopped-60s", about="The daemon stands still for 60 s.", script=daemon_stopped(60), long=True),
    Scenario(name="node-stopped-60s", about="The node stands still for 60 s.", script=node_stopped(60), long=True),
)
