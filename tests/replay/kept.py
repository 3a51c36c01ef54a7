"""`python -m tests.replay.kept DEMO_DIR`: keeps the lake of a demo and what is answered about it today, so that no rebuilding changes an
answer unseen. Writes tests/replay/kept: lake.tar.gz, keeper.toml, summary.json and answers/NAME.json, a row in a line."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

import analytics
from analytics.answers.export import tables
from analytics.models.episodes import EpisodeRules
from keeper.lake.place import LakePlace
from keeper.lake.upkeep import tidy

KEPT = Path(__file__).parent / "kept"
MARKETS = ("BTC", "ETH")
SMALL = EpisodeRules(minute_floor_usd=10_000, total_floor_usd=100_000)
"""As the demo's report: the usual floors are made for markets of billions."""
_DIGITS = 12
_ALL_TIERS = 256
"""The run of the upkeep in which files of every size are merged."""


def answers(lake: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """Every answer about the whole lake, by the question's name (and the market's)."""
    window = analytics.Window()
    answered = dict(tables(lake, window))
    for name, ask in {"episodes": analytics.episodes, "events": analytics.events, "sensitivity": analytics.sensitivity}.items():
        answered[name] = ask(lake, window, None, SMALL)
    for market in MARKETS:
        answered |= {
            f"{name}_{market}": table
            for name, table in {
                "liquidation_map": analytics.liquidation_map(lake, market),
                "liquidation_map_all_markets": analytics.liquidation_map(lake, market, all_markets=True),
                "clusters": analytics.clusters(lake, market),
                "asymmetry": analytics.asymmetry(lake, market),
                "gain": analytics.gain(lake, market),
                "gain_curve": analytics.gain_curve(lake, market),
                "price_path": analytics.price_path(lake, window, market, 60.0),
                "signals": analytics.signals(lake, market),
                "treadmill": analytics.treadmill(lake, market),
            }.items()
        }
    return answered


def unpack(directory: Path) -> Path:
    """The kept lake, in `directory`."""
    with tarfile.open(KEPT / "lake.tar.gz") as archive:
        archive.extractall(directory, filter="data")
    return directory / "lake"


def rows_of(table: pa.Table) -> list[Mapping[str, Any]]:
    """As JSON has them."""
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    """As JSON has it: no dates, no decimals, no NaN."""
    match value:
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case float():
            return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else str(value)
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.kept", description=__doc__)
    parser.add_argument("demo", type=Path)
    demo: Path = parser.parse_args(arguments).demo
    (KEPT / "answers").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "lake"
        shutil.copytree(demo / "lake", place)
        tidy(LakePlace.at(place).keeper, 0, _ALL_TIERS)
        with analytics.open(place) as lake:
            for name, table in answers(lake).items():
                (KEPT / "answers" / f"{name}.json").write_text("[\n" + ",\n".join(map(json.dumps, rows_of(table))) + "\n]\n")
        with tarfile.open(KEPT / "lake.tar.gz", "w:gz") as archive:
            archive.add(place, "lake", filter=_nobodys)
    shutil.copy(demo / "summary.json", KEPT)
    shutil.copy(demo / "keeper.toml", KEPT)
    return 0


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without owner and locks."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith((".lock", "-wal", "-shm")) else entry


if __name__ == "__main__":
    sys.exit(main())
