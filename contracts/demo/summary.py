"""summary.json of a run on one venue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from contracts.demo.figures import Figures
from contracts.demo.rivalry import Rivalry


@dataclass(frozen=True, slots=True)
class Summary:
    """The run's figures, what was settled on forks before it, what it took, and how it went against rivals where there were any."""

    figures: Figures
    simulate_pass: Mapping[str, int]
    seed: int
    wall_seconds: float
    rivalry: Rivalry | None = None

    def write(self, path: Path) -> None:
        """As JSON, the figures at its top level."""
        fields: dict[str, object] = {"simulate_pass": self.simulate_pass, "seed": self.seed, "wall_seconds": self.wall_seconds}
        if self.rivalry is not None:
            fields["rivalry"] = asdict(self.rivalry)
        path.write_text(json.dumps(asdict(self.figures) | fields, indent=2) + "\n")
