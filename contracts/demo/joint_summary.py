"""summary.json of a run on several venues at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from contracts.demo.figures import Figures
from contracts.demo.parity import Parity


@dataclass(frozen=True, slots=True)
class VenueSummary:
    """One venue's share. `shock_at` is the wall clock's time (unix seconds) when the first block with another price than at the start was
    mined; `accounts_flagged` went through a liquidation of several calls, of which `flags_unfinished` were not through at the end;
    `referee_parity` compares the keeper's margins with what the referee read at the same blocks."""

    figures: Figures
    shock_at: float
    accounts_flagged: int
    flags_unfinished: Sequence[str]
    referee_parity: Parity

    def fields(self) -> Mapping[str, object]:
        """For JSON, the figures at the top level."""
        own = asdict(self)
        figures: dict[str, object] = own.pop("figures")
        return figures | own


@dataclass(frozen=True, slots=True)
class JointSummary:
    """`total` is over all venues, by name in `venues`."""

    total: Figures
    venues: Mapping[str, VenueSummary]
    seed: int
    wall_seconds: float

    @property
    def shock_apart_seconds(self) -> float:
        """Between the shock's first block on the first venue and on the last one, by the wall clock."""
        moments = [venue.shock_at for venue in self.venues.values()]
        return round(max(moments) - min(moments), 3)

    def write(self, path: Path) -> None:
        """As JSON, the totals at its top level."""
        fields = {
            "venues": {name: venue.fields() for name, venue in self.venues.items()},
            "shock_apart_seconds": self.shock_apart_seconds,
            "seed": self.seed,
            "wall_seconds": self.wall_seconds,
        }
        path.write_text(json.dumps(asdict(self.total) | fields, indent=2) + "\n")
