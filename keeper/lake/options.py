"""Where the keeper's lake is and how it is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from keeper.lake.place import LakePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeOptions:
    """The recorder's figures; the same for every kind of catalog and store."""

    place: LakePlace
    queue_blocks: int = 2000
    """Most calls (blocks, appends, reverts) waiting to be written. The next one raises StoreError: no unrecorded trading."""
    batch_rows: int = 20_000
    """Waiting blocks are committed together up to this many rows."""
    commit_every_s: float = 1.0
    """Least time between two commits: a commit costs some 60 ms of processor time and a file per table, however little it holds."""
    commits_per_connection: int = 500
    """DuckLake keeps 22 KB of each commit for as long as its connection lives (measured, linear); a new connection takes 0.3 s."""
    upkeep_blocks: int = 250
    """Blocks between two runs of upkeep (small files merged, old snapshots and their files let go)."""
    keep_snapshots_s: int = 3600
    """How far back time travel reaches, and how long a reader may work on one snapshot."""
    busy_s: float = 120.0
    """How long a commit waits while another program (the upkeep) writes the same catalog."""

    @classmethod
    def at(cls, directory: Path, *, queue_blocks: int = 2000) -> Self:
        """The default layout: see `LakePlace.at`."""
        return cls(place=LakePlace.at(directory), queue_blocks=queue_blocks)
