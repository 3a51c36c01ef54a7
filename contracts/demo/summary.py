"""summary.json of a run on one venue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from contracts.demo.figures import Figures


@dataclass(frozen=True, slots=True)
class Summary:
    """The run's figures, what was settled on forks before it, and what it took."""

    figures: Figures
    simulate_pass: Mapping[str, int]
    seed: int
    wall_seconds: float

    def write(self, path: Path) -> None:
        """As JSON, the figures at its top level."""
        fields = {"simulate_pass": self.simulate_pass, "seed": self.seed, "wall_seconds": self.wall_seconds}
        path.write_text(json.dumps(asdict(self.figures) | fields, indent=2) + "\n")
