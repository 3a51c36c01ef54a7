"""What takes time or many accounts, and the comparison of undisturbed with disturbed halves of the same run. And the thief."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.chaos import faults
from tests.chaos.scenario import Scenario, Script
from tests.chaos.scenarios.endpoints import Ailment
from tests.chaos.stage import Set, Stage
from tests.chaos.thief import thieve
from tests.chaos.verdict import Judge

_WINDOW_BLOCKS = 12
_SICK_WINDOWS = (False, True, True, False, True, False, False, True)
"""In this order (Thue and Morse's) what grows from window to window, steadily or ever faster, grows as much in the sick ones as in the
others: the market falls all the while, and more and more accounts fall due in a block."""
_RUNS = 3
_GROWTH_MB = 60.0
_WARM_UP_S, _LONG_S = 180.0, 900.0
_SPOILED_SHARE, _REVERTED_SHARE, _FEW = 0.05, 0.10, 100


def halves(ailment: Ailment) -> Script:
    """Windows in which the first of two endpoints is sick, between windows in which all is well: the share of liquidations in the first
    possible block goes to the notes for both. A liquidation belongs to the window in which it first was possible."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=_WINDOW_BLOCKS * len(_SICK_WINDOWS), bps=-25)
        sick: set[int] = set()
        for disturbed in _SICK_WINDOWS:
            first = stage.player.head + 1
            if disturbed:
                with stage.fault(ailment(stage)):
                    stage.blocks(_WINDOW_BLOCKS)
                sick |= set(range(first, stage.player.head + 1))
            else:
                stage.blocks(_WINDOW_BLOCKS)
        stage.finish()
        judge = Judge(stage.ground, stage.lake, stage.state)
        late = judge.lateness(range(min(stage.player.times), judge.history.head + 1))
        for name, disturbed in (("undisturbed", False), ("disturbed", True)):
            own = [each for block, items in late.items() if (block in sick) == disturbed for each in items]
            stage.notes[name] = {"n": len(own), "share": round(sum(each == 0 for each in own) / len(own), 3) if own else None}

    return script


def mass_crash(stage: Stage) -> None:
    """432 accounts crash together: none missed, at most 5 % of our transactions spoil each other (F15).

    Where somebody else's trade has moved the pool by 8 % in the same block, ahead of us, the guard refuses what no longer pays: that is its
    task. Such blocks are counted apart, with a wider limit."""
    stage.begin()
    stage.play("crash")
    stage.finish()
    history = Judge(stage.ground, stage.lake, stage.state).history
    for name, most, own in (
        ("undisturbed", _SPOILED_SHARE, [item for item in history.mined if item.block not in history.moved]),
        ("all", _REVERTED_SHARE, history.mined),
    ):
        reverted = sum(not item.good for item in own)
        stage.notes[name] = {"transactions": len(own), "reverted": reverted}
        stage.expect(len(own) > _FEW and reverted <= most * len(own), f"{name}: {reverted} of {len(own)} transactions reverted")


def long_run(stage: Stage) -> None:
    """15 minutes at 5 blocks a second: memory does not grow (F12)."""
    stage.begin()
    stage.play("whipsaw")
    started = time.monotonic()
    time.sleep(_WARM_UP_S)
    stage.daemon.memory_mb = 0.0
    time.sleep(10)
    early = stage.daemon.memory_mb
    while time.monotonic() - started < _LONG_S:
        time.sleep(1)
    stage.daemon.memory_mb = 0.0
    time.sleep(10)
    stage.notes |= {"early_mb": round(early), "late_mb": round(stage.daemon.memory_mb)}
    stage.expect(stage.daemon.memory_mb - early < _GROWTH_MB, f"memory grew from {early:.0f} to {stage.daemon.memory_mb:.0f} MB")
    stage.finish()


def robbed(stage: Stage) -> None:
    """The operator's key in a thief's hand for a day (F1)."""
    report = thieve(stage.devnet)
    stage.stolen_usd, stage.trading_loss_usd = report.stolen_usd, report.trading_loss_usd
    stage.notes |= {"plans": report.plans, "budget_usd": report.budget_usd}
    stage.expect(not report.passed, f"passed: {', '.join(report.passed)}")
    stage.expect(report.trading_loss_usd <= report.budget_usd, f"lost {report.trading_loss_usd} USD, the budget is {report.budget_usd}")


_AILMENTS: Sequence[tuple[str, str, Ailment]] = (
    ("nothing", "is as sound as ever (what the comparison itself errs by)", lambda _: faults.Slow(seconds=0.0)),
    ("refusing", "refuses", lambda _: faults.Refuse()),
    ("hanging", "hangs", lambda _: faults.Hang()),
    ("frozen", "stands still", lambda _: faults.Frozen()),
    ("errors", "answers errors", lambda _: faults.Refusal(code=-32_603, message="Internal error")),
    ("swallowing", "swallows transactions", lambda _: faults.Swallow()),
)

SCENARIOS: Sequence[Scenario] = (
    Scenario(name="thief", about="The operator's key in a thief's hand for a day (F1).", script=robbed, judged=False),
    *(
        Scenario(
            name=f"halves-{name}-{run}",
            about=f"Windows in which the first of two endpoints {words}, between windows in which all is well.",
            script=halves(ailment),
            needs=Set(endpoints=2, traders=200, seed=run, interval=0.5),
            long=True,
        )
        for name, words, ailment in _AILMENTS
        for run in range(1, _RUNS + 1)
    ),
    Scenario(
        name="mass-crash",
        about="432 accounts crash together (F15).",
        script=mass_crash,
        needs=Set(traders=432, block_seconds=2, interval=2.0),
        long=True,
    ),
    Scenario(
        name="long-run",
        about="15 minutes at 5 blocks a second: memory stands still (F12).",
        script=long_run,
        needs=Set(interval=0.2),
        long=True,
    ),
)
