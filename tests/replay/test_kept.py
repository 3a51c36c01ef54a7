"""The lake of an earlier version is opened, and answers as it did then: everything once a keeper of today has been started on it, and what
needs none of the later tables before that too; the rest says so."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import analytics
from analytics.lake import open_market
from keeper.lake.options import LakeOptions
from keeper.lake.place import LakePlace
from tests.keeper.lake.old_market import market_is_old, write_old_market
from tests.keeper.lake.one_chain import OneChain
from tests.replay.kept import KEPT, answers, rows_of, unpack

CHAIN, VENUE = 31337, "perp_v2"
NAMES = sorted(file.stem for file in (KEPT / "answers").iterdir())
NEW_COLUMNS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("liquidations", "price_extremes", "price_path_BTC", "price_path_ETH", "regime", "waterfall"), frozenset({"chain_id"})),
    **dict.fromkeys(("activation", "activation_effect", "keepers", "map_skill", "structure"), frozenset({"chain_id", "venue"})),
    "attempts": frozenset({"chain_id", "venue", "transactions"}),
}
"""What answers say since they were kept, and did not say then. What they said then they still say."""
OF_LATER_TABLES = {
    *("amplification", "concentration", "depth", "slippage", "structure", "time_of_day", "waterfall"),
    *(f"{name}_{market}" for name in ("gain", "gain_curve") for market in ("BTC", "ETH")),
}
"""Answers that need pool ranges, account flows or insurance funds."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it was."""
    return unpack(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The market's tables, which an import had made in the keeper's catalog, moved by the first writer of today; then a keeper's start."""
    directory = unpack(tmp_path_factory.mktemp("current"))
    write_old_market(directory)
    open_market(directory).close()
    assert not market_is_old(LakePlace.at(directory))
    with OneChain(LakeOptions.at(directory), CHAIN, [VENUE]) as recorder:
        assert recorder.problems == ()
    return directory


@pytest.fixture(scope="module")
def results(current: Path) -> Iterator[Mapping[str, pa.Table]]:
    with analytics.open(current) as connection:
        yield answers(connection)


@pytest.fixture(scope="module")
def results_before(lake: Path) -> Iterator[Mapping[str, pa.Table]]:
    with analytics.open(lake) as connection:
        yield answers(connection)


def test_no_question_has_gone(results: Mapping[str, Any]) -> None:
    assert sorted(results) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_kept_one(results: Mapping[str, pa.Table], name: str) -> None:
    assert _differences(results[name], name) == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_LATER_TABLES))
def test_what_needs_no_later_table_is_answered_before_a_keeper_is_started(results_before: Mapping[str, pa.Table], name: str) -> None:
    assert _differences(results_before[name], name) == []


@pytest.mark.parametrize("name", sorted(OF_LATER_TABLES))
def test_what_needs_a_later_table_says_so(results_before: Mapping[str, pa.Table], results: Mapping[str, pa.Table], name: str) -> None:
    words = [analytics.reason_of(results_before[name]), *analytics.notes_of(results_before[name])]
    assert any("an earlier keeper wrote this lake" in each for each in words)
    assert not any("an earlier keeper" in each for each in analytics.notes_of(results[name]))


@pytest.mark.parametrize("version", ["lake", "current"])
def test_the_decisions_are_made_again(version: str, request: pytest.FixtureRequest) -> None:
    lake: Path = request.getfixturevalue(version)
    config = lake.parent / "keeper.toml"
    text = (KEPT / "keeper.toml").read_text().replace("var/demo/", f"{lake.parent}/")
    config.write_text(text)
    command = [sys.executable, "-m", "keeper", "replay", "--config", str(config), "--json"]
    demo = os.environ | {"PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=demo)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["differences"] == []
    assert summary["candidates"] == summary["recorded"] > 200


def _differences(answer: pa.Table, name: str) -> list[object]:
    """Where it is not the kept one: row, column, both values."""
    rows = json.loads(json.dumps(rows_of(answer)))
    expected_rows = json.loads((KEPT / "answers" / f"{name}.json").read_text())
    new = NEW_COLUMNS.get(name, frozenset())
    if [set(row) for row in rows] != [row.keys() | new for row in expected_rows]:
        return [f"{len(rows)} rows, {len(expected_rows)} kept, or other columns"]
    pairs = enumerate(zip(rows, expected_rows, strict=True))
    return [
        (place, column, row[column], value)
        for place, (row, expected) in pairs
        for column, value in expected.items()
        if not _same(row[column], value)
    ]


def _same(value: Any, expected_rows: Any) -> bool:
    if isinstance(expected_rows, float) and isinstance(value, float | int):
        return math.isclose(value, expected_rows, rel_tol=1e-9, abs_tol=1e-9)
    return bool(value == expected_rows)
