"""The bench at a small size: the same rows from the same seed, and plain pandas finds the same episodes and map."""

from pathlib import Path

from analytics.bench.__main__ import main, measure
from analytics.bench.lake_generator import LakeSize, fill, generate
from analytics.models.episodes import EpisodeRules
from tests.analytics.sources.memory import market_in_memory

SMALL = LakeSize(liquidations=30_000, trades=2_000, positions=200, snapshots=3, markets=1, days=40)


def test_pandas_agrees_with_the_lake_on_episodes_and_map(tmp_path: Path) -> None:
    generate(tmp_path, SMALL, lambda *_: None)
    timings = measure(tmp_path, "1GB", 2, EpisodeRules(minute_floor_usd=50_000, total_floor_usd=200_000))
    assert timings.episodes_found > 5
    assert timings.sample_rows > 500
    assert min(timings.episodes_s, timings.map_s, timings.pandas_episodes_s, timings.pandas_map_s) > 0


def test_the_same_seed_gives_the_same_rows() -> None:
    found = []
    for seed in (1, 1, 2):
        with market_in_memory() as plain:
            plain.execute("ATTACH ':memory:' AS lake")
            fill(plain, LakeSize(liquidations=500, trades=500, positions=5, snapshots=1, markets=1, seed=seed), lambda *_: None)
            tables = ("market.liquidations", "market.trades", "lake.main.position_snapshots")
            found.append([plain.execute(f"SELECT bit_xor(hash(t)), count(*) FROM {table} AS t").fetchone() for table in tables])
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_the_command_asks_a_lake_that_is_there(tmp_path: Path) -> None:
    generate(tmp_path, SMALL, lambda *_: None)
    written = (tmp_path / "catalog.sqlite").read_bytes()
    assert main(["--directory", str(tmp_path)]) == 0
    assert (tmp_path / "catalog.sqlite").read_bytes() == written
