"""`python -m tests.chaos.upkeep_program DIR UPKEEPS`: block after block into a lake, with upkeep every few blocks, and what it costs.

One line of JSON every 50 upkeeps and one at the end: `upkeeps`, `rss_mb` (this process, the recorder's), `child_peak_mb` (the largest
upkeep process seen so far), `commit_p50_ms` and `commit_p99_ms` since the line before (waiting for an upkeep's turn included), `files`."""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

from keeper.lake.options import LakeOptions
from tests.chaos.lake_programs import CHAIN, VENUE, block_ref, records
from tests.keeper.lake.one_chain import OneChain

_UPKEEP_BLOCKS = 8
_EVERY = 50


def run(directory: Path, upkeeps: int) -> None:
    """Until that many upkeeps have ended."""
    options = replace(LakeOptions.at(directory), commit_every_s=0.0, upkeep_blocks=_UPKEEP_BLOCKS, keep_snapshots_s=5)
    commits: list[float] = []
    number, upkeeps_before, child_peak_mb = 0, 0, 0.0
    with OneChain(options, CHAIN, [VENUE]) as recorder:
        while (upkeeps_now := recorder.backlog().upkeeps) < upkeeps:
            if upkeeps_now >= upkeeps_before + _EVERY:
                _tell(directory, upkeeps_now, commits, child_peak_mb)
                upkeeps_before, commits = upkeeps_now, []
            number += 1
            block = block_ref(number, 0)
            recorder.block(block, records(block))
            recorder.flush()
            commits.append(recorder.backlog().last_commit_ms)
            child_peak_mb = max([child_peak_mb, *_children_mb()])
        _tell(directory, upkeeps_now, commits, child_peak_mb)


def _children_mb() -> list[float]:
    """Peak resident memory of our present children. Not getrusage: that counts the moment of the fork, when they still were ourselves."""
    peaks = []
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
                command = Path(f"/proc/{pid}/cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "keeper.lake.upkeep" in command:
                peaks += [int(line.split()[1]) / 2**10 for line in status.splitlines() if line.startswith("VmHWM")]
    return peaks


def _tell(directory: Path, upkeeps: int, commits: list[float], child_peak_mb: float) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    cuts = quantiles(commits, n=100)
    line = {
        "upkeeps": upkeeps,
        "rss_mb": round(pages * resource.getpagesize() / 2**20, 1),
        "child_peak_mb": child_peak_mb,
        "commit_p50_ms": round(cuts[49], 1),
        "commit_p99_ms": round(cuts[98], 1),
        "files": sum(1 for _ in directory.rglob("*.parquet")),
    }
    print(json.dumps(line), flush=True)  # noqa: T201


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]))
