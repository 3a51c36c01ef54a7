"""The lake of an earlier version is opened, and answers as it did then."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import analytics
from analytics.lake import open_market
from keeper.lake.place import LakePlace
from tests.keeper.lake.old_market import market_is_old, write_old_market
from tests.replay.kept import KEPT, answers, unpack

NAMES = sorted(file.stem for file in (KEPT / "answers").iterdir())
NEW_COLUMNS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("liquidations", "price_extremes", "price_path_BTC", "price_path_ETH", "regime", "waterfall"), frozenset({"chain_id"})),
    **dict.fromkeys(("activation", "activation_effect", "attempts", "keepers", "map_skill", "structure"), frozenset({"chain_id", "venue"})),
}
"""What answers say since they were kept, and did not say then. What they said then they still say."""


@pytest.fixture(scope="module", params=["as it was", "market tables moved"])
def lake(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """As it was, or with the market's tables that an import had made in the keeper's catalog and the first writer of today moved."""
    directory = unpack(tmp_path_factory.mktemp("kept"))
    if request.param == "market tables moved":
        write_old_market(directory)
        open_market(directory).close()
        assert not market_is_old(LakePlace.at(directory))
    return directory


@pytest.fixture(scope="module")
def results(lake: Path) -> Iterator[Mapping[str, Any]]:
    with analytics.open(lake) as connection:
        yield json.loads(json.dumps(answers(connection)))


def test_no_question_has_gone(results: Mapping[str, Any]) -> None:
    assert sorted(results) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_the_kept_one(results: Mapping[str, Any], name: str) -> None:
    kept = json.loads((KEPT / "answers" / f"{name}.json").read_text())
    assert len(results[name]) == len(kept)
    for row, expected in zip(results[name], kept, strict=True):
        assert row.keys() - expected.keys() == NEW_COLUMNS.get(name, frozenset())
        assert not expected.keys() - row.keys()
        for column, value in expected.items():
            assert _same(row[column], value), (column, row[column], value)


def test_the_decisions_are_made_again(lake: Path) -> None:
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


def _same(value: Any, kept: Any) -> bool:
    if isinstance(kept, float) and isinstance(value, float | int):
        return math.isclose(value, kept, rel_tol=1e-9, abs_tol=1e-9)
    return bool(value == kept)
