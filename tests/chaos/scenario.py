"""A scenario: what is done to the daemon, and what is asked of it beyond the verdict everybody gets."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.devnet.rpc import Rpc
from tests.chaos.stage import Set, Stage
from tests.chaos.staging import staged
from tests.chaos.verdict import Judge, Verdict

Script = Callable[[Stage], None]

ZEROS = ("missed", "sent_twice", "nonce_gaps", "lost_rows", "wrong_rows", "above_cap", "daemon_exits", "stolen_usd")
"""Totals that must be 0."""
TOTALS = ("missed", "held", *ZEROS[1:], "trading_loss_usd", "kills")
_WEI = 10**18
_RIGHT = (
    "another keeper",
    "another process",
    "somebody else",
    "not ours",
    "serves chain",
    "cannot be written",
    "cannot be used",
    "another program",
)
"""Exits are right in a scenario only when it says so; by these words of their last line where it names none itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`about` is one plain sentence. `short` ones run in the tests, `long` ones only in the long form; `slow` ones, which take minutes, are
    begun first.

    `judged`: by chain and lake as usual; a scenario of commands only has nothing of both. `cap_eth` is the spending cap it set."""

    name: str
    about: str
    script: Script
    needs: Set = field(default_factory=Set)
    short: bool = False
    long: bool = False
    slow: bool = False
    judged: bool = True
    cap_eth: float = 10.0
    positions: bool = True
    """Whether `keeper positions` is compared with the contracts' views at the end."""


@dataclass(slots=True)
class Row:
    """A scenario's row of the summary. Counts; USD; `seconds` of wall time; `failed` is what was expected and did not happen."""

    name: str
    about: str
    verdict: Verdict
    endpoints: int = 1
    held: int = 0
    daemon_exits: int = 0
    right_exits: int = 0
    stolen_usd: float = 0.0
    trading_loss_usd: float = 0.0
    kills: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def figure(self, name: str) -> float:
        """One of the totals' columns."""
        value: float = getattr(self, name) if hasattr(self, name) else getattr(self.verdict, name)
        return value

    @property
    def good(self) -> bool:
        """Nothing that must be 0 is not, and everything expected happened."""
        return not self.failed and all(self.figure(name) == 0 for name in ZEROS)

    def as_json(self) -> dict[str, Any]:
        """For the summary."""
        figures = {name: self.figure(name) for name in TOTALS}
        verdict = self.verdict
        return {
            "name": self.name,
            "about": self.about,
            "endpoints": self.endpoints,
            "good": self.good,
            **figures,
            "right_exits": self.right_exits,
            "liquidated": verdict.liquidated,
            "reverted": verdict.reverted,
            "first_block_share": verdict.first_block_share,
            "late_max": verdict.late_max,
            "seconds": round(self.seconds, 1),
            "failed": self.failed,
            "words": verdict.words,
            "notes": self.notes,
        }


def play(scenario: Scenario, keep: Path | None = None) -> Row:
    """The scenario from a fresh chain to its row. `keep` holds log, lake and outbox afterwards; else they are gone."""
    started = time.monotonic()
    row = Row(scenario.name, scenario.about, Verdict(), scenario.needs.endpoints)
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        directory = keep or Path(scratch)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        with staged(scenario.needs, directory) as stage:
            try:
                scenario.script(stage)
            except (TimeoutError, RuntimeError, AssertionError, OSError) as error:
                stage.failures.append(f"{type(error).__name__}: {error}")
            _end(stage)
            if scenario.judged:
                _judge(scenario, stage, row)
            _count(stage, row)
    row.seconds = time.monotonic() - started
    return row


def _end(stage: Stage) -> None:
    """Whatever the script left: the daemon stopped, no more blocks."""
    for line in (*stage.lines, *([stage.price_line] if stage.price_line else [])):
        line.heal()
    for daemon in stage.daemons:
        daemon.stop()
    stage.player.stop()


def _judge(scenario: Scenario, stage: Stage, row: Row) -> None:
    judge = Judge(stage.ground, stage.lake, stage.state)
    row.verdict = judge.verdict(
        cap_wei=round(scenario.cap_eth * _WEI),
        reachable=stage.reachable,
        acting=scenario.needs.mode == "execute",
        stopped_at=stage.stopped_at,
        untold=stage.untold,
    )
    if stage.player.times:
        judge.judge_lateness(min(stage.player.times))
    if scenario.positions:
        row.verdict.wrong_rows += row.verdict.note("margins", _differing_margins(stage))


def _differing_margins(stage: Stage) -> list[str]:
    """Accounts of which the lake, rebuilt, says something else than the contracts."""
    local = stage.positions()
    if not local:
        return []
    with Rpc(stage.url) as rpc:
        margins = stage.ground.margins(rpc, list(local), hex(stage.notes["positions_block"]))
    return [account for account, margin in margins.items() if local[account] != margin]


def _count(stage: Stage, row: Row) -> None:
    exits = [each for daemon in stage.daemons for each in daemon.exits]
    right = [each for each in exits if any(words in each.words for words in stage.right_exits)]
    row.daemon_exits, row.right_exits = len(exits) - len(right), len(right)
    row.verdict.note("exits", [f"code {each.code}: {each.words}" for each in exits if each not in right])
    row.stolen_usd, row.trading_loss_usd = round(stage.stolen_usd, 2), round(stage.trading_loss_usd, 2)
    row.kills = sum(daemon.kills for daemon in stage.daemons)
    row.failed, row.notes = stage.failures, stage.notes
    row.notes["memory_mb"] = round(stage.daemon.memory_mb)
    row.held = _blocks_held(stage)


def _blocks_held(stage: Stage) -> int:
    """Blocks mined while the daemon said that it holds because endpoints disagree."""
    blocks = 0
    samples: Sequence[Any] = stage.daemon.samples
    for now, following in itertools.pairwise(samples):
        if not now.ready and any(word in now.words for word in ("hold", "held", "agree", "contradict", "differ")):
            blocks += len(stage.player.blocks_between(now.at, following.at))
    return blocks
