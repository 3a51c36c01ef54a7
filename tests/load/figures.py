"""What the daemon was like while the machine was burdened, beside what it was like in the other half of the same run."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.demo.spread import Spread, spread
from tests.chaos import lake
from tests.chaos.stage import Stage
from tests.chaos.verdict import Judge

_FOLLOWED = "SELECT block_number, epoch_ms(finished_at) - epoch_ms(received_at) AS ms FROM blocks WHERE NOT coalesce(recovered, false)"


@dataclass(frozen=True, slots=True)
class Commit:
    """When one was durable (Unix seconds), and how long it took with all its waiting."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Half:
    """One half's blocks. `late_blocks`: from a liquidation's first possible block to its own, by the contract's view; `first_block_share`
    those of 0. None where there was none."""

    blocks: int
    commit_wait_ms: Spread
    block_ms: Spread
    late_blocks: Spread
    first_block_share: float | None


def commits(log: Path) -> Sequence[Commit]:
    """Every commit in the daemon's log, which must be at level debug and in JSON."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    commits = [line for line in lines if line["event"] == "commit" and line["rows"]]
    return [Commit(datetime.fromisoformat(line["timestamp"]).timestamp(), line["seconds"]) for line in commits]


def half(stage: Stage, blocks: Collection[int], waits: Sequence[Commit]) -> Half:
    """The figures of some blocks of a scenario that is over, and of the commits beside them."""
    judge = Judge(stage.ground, stage.lake, stage.state)
    late = judge.lateness(range(min(stage.player.times), judge.history.head + 1))
    own = [each for block, items in late.items() if block in blocks for each in items]
    return Half(
        blocks=len(blocks),
        commit_wait_ms=spread([round(1000 * commit.seconds) for commit in waits]),
        block_ms=spread([row["ms"] for row in lake.rows(stage.lake, _FOLLOWED) if row["block_number"] in blocks]),
        late_blocks=spread(own),
        first_block_share=round(sum(each == 0 for each in own) / len(own), 3) if own else None,
    )
