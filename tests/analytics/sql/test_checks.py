"""Every check of sql/checks returns no rows on a sound lake, and rows on a broken one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from analytics.answers.checks import failing_checks, run_checks
from analytics.answers.keeper_race import keepers
from analytics.answers.ledger import headline
from analytics.bench.lake_generator import LakeSize, generate
from analytics.lake import open_lake, open_market
from keeper.domain.records import Raw
from tests.analytics.deficit_lake import write_deficits
from tests.analytics.keeper_lake import Rows, change, write_lake

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
        change(copied, statement)
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
    """Other checks may find it too: a negative amount does not add up either."""
    assert broken(statement)[check] == rows


def test_a_pool_whose_ranges_do_not_add_up_is_found(cascade: Path, tmp_path: Path) -> None:
    with open_lake(cascade) as lake:
        assert failing_checks(lake) == {}
    copied = shutil.copytree(cascade, tmp_path / "lake")
    change(
        copied,
        "UPDATE lake.main.pool_states SET price = 200 WHERE block_number = 1",  # the upper bound is outside
        "DELETE FROM lake.main.pool_ranges WHERE block_number = 20",
    )
    with open_lake(copied) as lake:
        assert failing_checks(lake) == {"pool_liquidity": 2}


CHECKS = Path(__file__).parents[3] / "analytics" / "sql" / "checks"


def test_every_check_can_run(cascade: Path) -> None:
    """A check that names a mart or table wrongly would hold for ever."""
    with open_lake(cascade) as lake:
        assert run_checks(lake) == {file.stem: 0 for file in sorted(CHECKS.iterdir())}


@pytest.mark.parametrize(
    ("statement", "check", "rows"),
    [
        ("UPDATE market.depth SET notional_usd = -1 WHERE usable AND side = 'bid'", "depth_ordered", 1),
        ("UPDATE market.book_snapshots SET bid_prices = [102.0, 98.0] WHERE venue = 'thin'", "books_uncrossed", 10),
        ("UPDATE market.book_snapshots SET ask_sizes = [1.0] WHERE venue = 'deep'", "books_uncrossed", 10),
        ("UPDATE lake.main.market_state SET mark_price = 0 WHERE block_number = 9", "prices_ordered", 1),
        ("UPDATE lake.main.market_state SET open_interest_long = -1 WHERE block_number = 60", "open_interest_sane", 1),
    ],
)
def test_a_broken_record_is_found(cascade: Path, tmp_path: Path, statement: str, check: str, rows: int) -> None:
    copied = shutil.copytree(cascade, tmp_path / "lake")
    change(copied, statement)
    with open_lake(copied) as lake:
        assert failing_checks(lake) == {check: rows}


HEADLINE = "('exact', 'trader', 'A', 2, 10.0, 7.0, 3.0), ('exact', 'trader', 'total', {n}, {usd}, {long}, 3.0)"


@pytest.mark.parametrize(
    ("views", "check", "rows"),
    [
        ({"mart_liquidations": "(10.0, 'trader')", "mart_liquidation_minutes": "(9.0)"}, "liquidation_minutes_total", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=10.0, long=7.0)}, "headline_adds_up", 0),
        ({"mart_headline": HEADLINE.format(n=3, usd=10.0, long=7.0)}, "headline_adds_up", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=11.0, long=8.0)}, "headline_adds_up", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=10.0, long=6.0)}, "headline_adds_up", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=10.0, long=7.0), "mart_cumulative": "(9.0)"}, "cumulative_total", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=10.0, long=7.0), "mart_venue_liquidations": "(11.0)"}, "cumulative_total", 1),
        ({"mart_headline": HEADLINE.format(n=2, usd=10.0, long=7.0)}, "cumulative_total", 0),
        ({"mart_liquidators": "(2, 5.0)"}, "liquidators_counted", 0),
        ({"mart_liquidators": "(1, 5.0)"}, "liquidators_counted", 1),
        ({"mart_liquidators": "(2, 4.0)"}, "liquidators_counted", 1),
        ({"mart_missed_accounts": "(1, 'v', 'a', 1), (1, 'v', 'a', 2)"}, "missed_unique", 0),
        ({"mart_missed_accounts": "(1, 'v', 'a', 1), (2, 'v', 'a', 1)"}, "missed_unique", 0),
        ({"mart_missed_accounts": "(1, 'v', 'a', 1), (1, 'v', 'a', 1)"}, "missed_unique", 1),
    ],
)
def test_a_mart_that_loses_or_doubles_is_found(views: dict[str, str], check: str, rows: int) -> None:
    """Hand-made marts in the place of the real ones."""
    columns = {
        "mart_liquidations": "notional_usd, stage",
        "mart_liquidation_minutes": "notional_usd",
        "mart_headline": "quality, stage, asset, n, total_usd, long_usd, short_usd",
        "mart_cumulative": "notional_usd",
        "mart_venue_liquidations": "usd",
        "mart_liquidators": "n, reward_usd",
        "mart_missed_accounts": "chain_id, venue, account, until_block",
        "stg_keeper_liquidations": "kind, reward_usd",
    }
    usual = {
        "mart_cumulative": "(10.0)",
        "mart_venue_liquidations": "(10.0)",
        "stg_keeper_liquidations": "('positions', 2.0), ('positions', 3.0)",
    }
    sql = (
        (CHECKS / f"{check}.sql").read_text("utf-8").replace("$since", "'-infinity'::TIMESTAMP").replace("$until", "'infinity'::TIMESTAMP")
    )
    with duckdb.connect() as plain:
        for name, values in (usual | views).items():
            rows_of = f"FROM (VALUES {values}) AS v({columns[name]})"
            plain.execute(f"CREATE TABLE {name} AS SELECT *, TIMESTAMP '2025-01-01' AS moment, moment AS block_time {rows_of}")
        assert len(plain.execute(sql).fetchall()) == rows


def test_checks_of_an_empty_lake_hold(tmp_path: Path) -> None:
    open_market(tmp_path).close()
    with open_lake(tmp_path) as lake:
        assert failing_checks(lake) == {}


def test_amounts_of_a_keepers_liquidations(tmp_path: Path) -> None:
    write_deficits(tmp_path, old=("left",))
    found = []
    for statement in (
        "SELECT 1",
        "UPDATE lake.main.liquidations SET reward_usd = -6, reward_raw = '-6000000000000000000' WHERE account = 'left'",
        "UPDATE lake.main.liquidations SET bad_debt_raw = '-1' WHERE account = 'unpaid'",
        "UPDATE lake.main.liquidations SET penalty_raw = '5000000000000000000' WHERE account = 'twice'",
    ):
        change(tmp_path, statement)
        with open_lake(tmp_path) as lake:
            found.append(failing_checks(lake).get("liquidations_amounts", 0))
    assert found == [0, 1, 2, 4], "each broken statement adds its rows"


@pytest.mark.parametrize("raw", [True, False])
def test_a_reward_is_out_of_the_penalty_where_an_insurance_fund_takes_the_rest(tmp_path: Path, raw: bool) -> None:
    write_deficits(tmp_path)
    change(tmp_path, f"UPDATE lake.main.liquidations SET {_ABOVE_THE_PENALTY[raw]} WHERE account = 'left'")
    with open_lake(tmp_path) as lake:
        assert failing_checks(lake)["penalties_cover_rewards"] == 1
    change(tmp_path, "DELETE FROM lake.main.insurance_funds")
    with open_lake(tmp_path) as lake:
        assert "penalties_cover_rewards" not in failing_checks(lake)


_ABOVE_THE_PENALTY = {True: "reward_raw = '600000000000000000000'", False: "reward_usd = 600"}


def test_a_call_that_took_margin_and_no_position_is_no_fill_but_its_reward_counts(tmp_path: Path) -> None:
    rows = Rows(1)
    whole = rows.liquidation("flagged", "account", 3.0, "short", reward_usd=5.0, size=0.0, size_raw=Raw("0"), price=0.0, log_index=2)
    write_lake(tmp_path, {1: [rows.liquidation("closed", "ETH", 100.0, "long", reward_usd=1.0), whole]})
    with open_lake(tmp_path) as lake:
        assert failing_checks(lake) == {}
        assert headline(lake)["asset"].to_pylist() == ["ETH", "total"]
        assert keepers(lake)["reward_usd"].to_pylist() == [6.0]
