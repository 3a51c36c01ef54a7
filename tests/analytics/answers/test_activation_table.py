"""M23 on a lake of known size: which levels were crossed and what was then liquidated of what was mapped."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

import analytics
from analytics.answers.annotated import reason_of
from analytics.lake import open_lake
from tests.analytics.keeper_lake import change


@pytest.fixture
def lake(cascade: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cascade, read-only."""
    with open_lake(cascade) as connection:
        yield connection


def test_levels_crossed_and_not_reached(lake: duckdb.DuckDBPyConnection) -> None:
    """Two seconds a block, half a USD a block; the horizon is a tenth of the 110 s after the snapshot."""
    found = {round(row["level_usd"]): row for row in analytics.activation(lake).to_pylist()}
    assert {level: row["label"] for level, row in found.items()} == {
        95: "undecided",
        90: "undecided",
        70: "not reached",
        110: "not reached",
    }
    first = found[95]
    assert (first["side"], first["mapped_usd"], first["n"], first["crossed_back"], first["horizon_s"]) == ("long", 10_000.0, 1, False, 11.0)
    assert first["crossed_at"] == datetime(2025, 3, 21, 0, 0, 42)  # noqa: DTZ001 block 21 closes at 94.5
    assert first["onward_sigmas"] > 0
    # Liquidated at block 15, before the mark had crossed its level: nothing within the horizon after the crossing.
    assert (first["realised_usd"], first["realised_share"]) == (0, 0)
    second = found[90]
    assert (second["realised_usd"], second["realised_share"]) == (0, 0)
    assert found[70]["crossed_at"] is None


def test_an_account_liquidated_after_its_level_is_crossed_activates_it(cascade: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(cascade, tmp_path / "lake")
    change(moved, "UPDATE lake.main.liquidations SET block_time = block_time + INTERVAL 14 SECOND WHERE account = 'one'")
    with open_lake(moved) as lake:
        found = {round(row["level_usd"]): row for row in analytics.activation(lake).to_pylist()}
    assert (found[95]["label"], found[95]["realised_usd"], found[95]["realised_share"]) == ("activated", 9_600.0, 0.96)


def test_the_effect_of_exposure_carries_its_null(lake: duckdb.DuckDBPyConnection) -> None:
    (row,) = analytics.activation_effect(lake).to_pylist()
    assert (row["market"], row["snapshots"], row["permutations"]) == ("ETH", 1, 2000)
    assert row["crossings"] > 100
    assert 0 < row["p_value"] <= 1
    assert row["least_detectable"] > 0


def test_without_positions_there_is_no_activation(nothing: Path) -> None:
    with open_lake(nothing) as lake:
        for ask in (analytics.activation, analytics.activation_effect):
            assert reason_of(ask(lake)).startswith("no snapshot of positions")
