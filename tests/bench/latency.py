"""(g) From the node's reply to evm_mine until the daemon, a process of its own, has decided about a breached account of that block."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from contracts.demo.programs import running_keeper
from contracts.devnet import write_config
from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from keeper.settings import load
from tests.bench.rounds import Compared, scaled
from tests.chaos.harness import Harness, caught_up

_BLOCK_SECONDS = 6
_FINALITY_DEPTH = 8
_DECIDED = """
SELECT block_number, epoch(received_at) AS received, epoch(min(decided_at)) AS decided
FROM blocks JOIN decisions USING (block_number, block_hash) WHERE stage = 'decide' GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class _Moments:
    """Seconds from the reply until the block had been received, and until the first decision about it."""

    received: float
    decided: float


def latency(stage: Harness, blocks: int = 15, turns: int = 2) -> Sequence[Compared]:
    """Milliseconds of `turns` x `blocks` blocks, with heads announced over websocket and with polling alone, in turns."""
    random = Random(5)
    configs = {"newHeads": _config(stage, "announced", stage.devnet.anvil.ws_url), "polling every 0.2 s": _config(stage, "polled", None)}
    moments: dict[str, list[_Moments]] = {name: [] for name in configs}
    for _ in range(turns):
        for name, config in configs.items():
            moments[name] += _watched(stage, config, random, blocks)
    (announced, ours), (polled, theirs) = moments.items()
    note = "; ".join(f"{name}: received after {median(item.received for item in items) * 1e3:.0f} ms" for name, items in moments.items())
    return [Compared("mined to decided", announced, polled, "ms", _decided_ms(ours), _decided_ms(theirs), note)]


def _decided_ms(moments: Sequence[_Moments]) -> tuple[float, ...]:
    return scaled([item.decided for item in moments], 1e3)


def _config(stage: Harness, name: str, ws_url: str | None) -> Path:
    path = stage.directory / name / "keeper.toml"
    write_config(
        stage.devnet.deployment,
        path,
        url=stage.devnet.url,
        ws_url=ws_url,
        mode="observe",
        lake_dir=path.parent / "lake",
        block_seconds=_BLOCK_SECONDS,
        finality_depth=_FINALITY_DEPTH,
    )
    return path


def _watched(stage: Harness, config: Path, random: Random, blocks: int) -> Sequence[_Moments]:
    """One daemon's life. RuntimeError when it decided nothing about a block."""
    with running_keeper(config, config.parent / "keeper.log") as keeper:
        caught_up(keeper, stage)
        replies = [_mined(stage, random) for _ in range(blocks)]
        caught_up(keeper, stage)
        keeper.stop()
    log = _told(config)
    silent = [number for number, _ in replies if number not in log]
    if silent:
        raise RuntimeError(f"nothing was decided about blocks {silent}: nobody is breached any more, or blocks were missed")
    return [_Moments(log[number][0] - at, log[number][1] - at) for number, at in replies]


def _mined(stage: Harness, random: Random) -> tuple[int, float]:
    """A block after a pause that keeps no step with any poll; its number and the wall clock at the reply."""
    time.sleep(random.uniform(0.25, 0.45))
    stage.devnet.rpc.call("evm_increaseTime", _BLOCK_SECONDS)
    stage.devnet.rpc.call("evm_mine")
    replied = time.time()
    return stage.head(), replied


def _told(config: Path) -> Mapping[int, tuple[float, float]]:
    settings = load(config, {}).settings
    with LakeReader(LakePlace.at(settings.lake.dir).keeper, settings.scopes()[0].chain.id) as lake:
        return {row["block_number"]: (row["received"], row["decided"]) for row in lake.rows(_DECIDED)}
