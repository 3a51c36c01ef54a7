"""Every check of sql/checks returns no rows on a sound lake, and rows on a broken one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from analytics.bench.lake_generator import LakeSize, generate
from analytics.lake import open_lake
from analytics.marts import failing_checks
from tests.analytics.deficit_lake import write_deficits

SMALL = LakeSize(liquidations=3000, trades=1000, positions=20, snapshots=2, markets=2)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sound lake, to be copied."""
    directory = tmp_path_factory.mktemp("generated")
    generate(directory, SMALL, lambda *_: None)
    return directory


@pytest.fixture
def broken(generated: Path, tmp_path: Path) -> Callable[[str], dict[str, int]]:
    """Checks of a copy of the small lake after one statement was run on it."""
    copied = shutil.copytree(generated, tmp_path / "lake")

    def run(statement: str) -> dict[str, int]:
        with open_lake(copied, read_only=False) as lake:
            lake.execute(statement)
        with open_lake(copied) as lake:
            return failing_checks(lake)

    return run


def test_a_generated_lake_passes(broken: Callable[[str], dict[str, int]]) -> None:
    assert broken("SELECT 1") == {}


@pytest.mark.parametrize(
    ("statement", "check", "rows"),
    [
        ("UPDATE market.liquidations SET side = 'sell' WHERE event_id = 'e7'", "liquidations_sides", 1),
        ("UPDATE market.liquidations SET notional_usd = -1 WHERE event_id = 'e7'", "liquidations_sides", 1),
        ("INSERT INTO lake.main.position_snapshots FROM lake.main.position_snapshots LIMIT 1", "positions_unique", 1),
        ("UPDATE lake.main.position_snapshots SET size = 0 WHERE account = 'account 3' AND market = 'M0'", "positions_unique", 2),
    ],
)
def test_a_broken_row_is_found(broken: Callable[[str], dict[str, int]], statement: str, check: str, rows: int) -> None:
    assert broken(statement) == {check: rows}


def test_a_pool_whose_ranges_do_not_add_up_is_found(cascade: Path, tmp_path: Path) -> None:
    with open_lake(cascade) as lake:
        assert failing_checks(lake) == {}
    copied = shutil.copytree(cascade, tmp_path / "lake")
    with open_lake(copied, read_only=False) as lake:
        lake.execute(
            "UPDATE lake.main.venue_events SET payload = replace(payload, '46054', '52980') WHERE event = 'MarketRead' AND block_number = 7"
        )
        lake.execute("DELETE FROM lake.main.venue_events WHERE event = 'LiquidityChanged' AND block_number = 20")
    with open_lake(copied) as lake:
        assert failing_checks(lake) == {"pool_liquidity": 42}


def test_the_total_check_sees_a_mart_that_loses_money() -> None:
    sql = Path(__file__).parents[3] / "analytics" / "sql" / "checks" / "liquidation_minutes_total.sql"
    with duckdb.connect() as plain:
        plain.execute("CREATE TABLE mart_liquidations AS SELECT 10.0 AS notional_usd, 'trader' AS stage")
        plain.execute("CREATE TABLE mart_liquidation_minutes AS SELECT 9.0 AS notional_usd")
        assert len(plain.execute(sql.read_text("utf-8")).fetchall()) == 1


def test_checks_of_an_empty_lake_hold(tmp_path: Path) -> None:
    open_lake(tmp_path, read_only=False).close()
    with open_lake(tmp_path) as lake:
        assert failing_checks(lake) == {}


def test_amounts_of_a_keepers_liquidations(tmp_path: Path) -> None:
    write_deficits(tmp_path, old=("left",))
    found = []
    for statement in (
        "SELECT 1",
        "UPDATE lake.main.liquidations SET reward_usd = 6, reward_raw = '6000000000000000000' WHERE account = 'left'",
        "UPDATE lake.main.liquidations SET bad_debt_raw = '-1' WHERE account = 'unpaid'",
        "UPDATE lake.main.liquidations SET penalty_raw = '5000000000000000000' WHERE account = 'twice'",
    ):
        with open_lake(tmp_path, read_only=False) as lake:
            lake.execute(statement)
        with open_lake(tmp_path) as lake:
            found.append(failing_checks(lake).get("liquidations_amounts", 0))
    assert found == [0, 1, 2, 4], "each broken statement adds its rows"
