"""`python -m analytics.bench`: generate (once), ask, compare, print."""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table

from analytics.answers.episodes import episodes
from analytics.answers.liquidation_map import liquidation_map
from analytics.bench.lake_generator import LakeSize, generate
from analytics.bench.plain_pandas import plain_episodes, plain_map
from analytics.lake import open_lake
from analytics.models.episodes import EpisodeRules
from analytics.models.liquidation_map import BIN_BPS

SAMPLE_UNDERLYING = "A9"
SAMPLE_MARKET = "M0"
EPISODES_LIMIT_S = 10.0
MAP_LIMIT_S = 2.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: the whole question on the whole lake, then the sample's question by the lake and by plain pandas."""

    episodes_s: float
    episodes_found: int
    lake_rows: int
    map_s: float
    sample_rows: int
    sample_episodes_s: float
    pandas_episodes_s: float
    sample_map_s: float
    pandas_map_s: float
    peak_mb: float


def measure(directory: Path, memory: str, threads: int, rules: EpisodeRules) -> Timings:
    """Each lake question on a fresh connection, as the command line asks it. RuntimeError when pandas finds other episodes or another
    map."""
    found, whole_s = timed(lambda: _ask(directory, memory, threads, lambda lake: episodes(lake, rules)))
    _, map_s = timed(lambda: _ask(directory, memory, threads, lambda lake: liquidation_map(lake, SAMPLE_MARKET)))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sample, sample_s = timed(lambda: _ask(directory, memory, threads, lambda lake: episodes(lake, rules, underlying=SAMPLE_UNDERLYING)))
    answer, sample_map_s = timed(lambda: _ask(directory, memory, threads, lambda lake: liquidation_map(lake, SAMPLE_MARKET)))
    with tempfile.TemporaryDirectory() as scratch:
        files = _samples(directory, Path(scratch))
        frame, read_s = timed(lambda: pd.read_parquet(files[0]))
        plain, loop_s = timed(lambda: plain_episodes(frame, rules))
        binned, plain_map_s = timed(lambda: plain_map(pd.read_parquet(files[1]), SAMPLE_MARKET, BIN_BPS))
    mine = sorted(round(episode.total.value or 0.0, 2) for episode in sample.episodes)
    if mine != sorted(round(row[4], 2) for row in plain):
        raise RuntimeError(f"plain pandas finds {len(plain)} episodes, the lake {len(mine)}: one of them is wrong")
    drawn = answer.map
    total = float(binned.to_numpy().sum())
    if drawn is None or abs(float(drawn.longs.sum() + drawn.shorts.sum()) + drawn.excluded.out_of_range - total) > 1e-6 * total:
        raise RuntimeError("plain pandas maps another total than the lake: one of them is wrong")
    return Timings(
        whole_s,
        len(found.episodes),
        _liquidations(directory),
        map_s,
        len(frame),
        sample_s,
        read_s + loop_s,
        sample_map_s,
        plain_map_s,
        peak_mb,
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the seconds it took."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def _ask(directory: Path, memory: str, threads: int, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
    with open_lake(directory) as lake:
        lake.execute(f"SET memory_limit = '{memory}'")
        lake.execute(f"SET threads = {threads}")
        return question(lake)


def _liquidations(directory: Path) -> int:
    with open_lake(directory) as lake:
        row = lake.execute("SELECT count(*) FROM market.liquidations").fetchone()
    return int(row[0]) if row else 0


def _samples(directory: Path, scratch: Path) -> tuple[Path, Path]:
    """The sample's rows as plain Parquet files: one underlying's liquidations, all snapshots of positions."""
    liquidations, positions = scratch / "liquidations.parquet", scratch / "positions.parquet"
    with open_lake(directory) as lake:
        columns = "exchange_time, underlying, side, notional_usd"
        rows = lake.execute(f"SELECT {columns} FROM market.liquidations WHERE underlying = ?", [SAMPLE_UNDERLYING])  # noqa: S608 (no input)
        rows.fetch_df().to_parquet(liquidations)
        lake.execute("SELECT * FROM position_snapshots").fetch_df().to_parquet(positions)
    return liquidations, positions


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when both questions stay within their limits, 1 otherwise."""
    default = LakeSize()
    parser = argparse.ArgumentParser(prog="python -m analytics.bench", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("var/bench-lake"), help="where the lake is, or is to be written")
    parser.add_argument("--liquidations", type=int, default=default.liquidations)
    parser.add_argument("--trades", type=int, default=default.trades)
    parser.add_argument("--memory", default="2GB", help="what DuckDB may use; the whole process stays below twice that")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args(arguments)
    size = LakeSize(liquidations=chosen.liquidations, trades=chosen.trades)
    console = Console(highlight=False)
    if not (chosen.directory / "catalog.sqlite").exists():
        with console.status("generating") as status:
            _, seconds = timed(
                lambda: generate(chosen.directory, size, lambda table, done, rows: status.update(f"{table}: {done:,} of {rows:,}"))
            )
        console.print(f"generated {size.liquidations:,} liquidations and {size.trades:,} trades in {seconds:.0f} s")
    timings = measure(chosen.directory, chosen.memory, chosen.threads, EpisodeRules())
    console.print(_table(timings))
    return 0 if timings.episodes_s < EPISODES_LIMIT_S and timings.map_s < MAP_LIMIT_S else 1


def _table(timings: Timings) -> Table:
    """`ratio`: pandas over the lake on the sample's question; `per row`: pandas on the sample over the lake on everything, seconds per
    row."""
    table = Table(title=f"peak memory {timings.peak_mb:,.0f} MB, {timings.episodes_found:,} episodes", title_justify="left")
    for column in ("question", "all s", "limit s", "sample", "lake s", "pandas s", "ratio", "per row"):
        table.add_column(column, justify="left" if column in ("question", "sample") else "right")
    per_row = timings.pandas_episodes_s / timings.sample_rows / (timings.episodes_s / timings.lake_rows)
    sample = f"{timings.sample_rows:,} of {timings.lake_rows:,}"
    rows = (
        ("episodes", timings.episodes_s, EPISODES_LIMIT_S, sample, timings.sample_episodes_s, timings.pandas_episodes_s, per_row),
        ("map", timings.map_s, MAP_LIMIT_S, "all", timings.sample_map_s, timings.pandas_map_s, timings.pandas_map_s / timings.map_s),
    )
    for name, whole, limit, part, lake, plain, by_row in rows:
        table.add_row(name, f"{whole:.2f}", f"{limit:.0f}", part, f"{lake:.2f}", f"{plain:.2f}", f"{plain / lake:.1f}", f"{by_row:.1f}")
    return table


if __name__ == "__main__":
    raise SystemExit(main())
