"""M24 out of a keeper's lake: one row per victim account, sources equal uses to the unit, and what is not known is not counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.bad_debt import waterfall
from analytics.answers.checks import failing_checks
from analytics.answers.window import Window
from analytics.lake import open_lake
from keeper.domain.records import Record
from tests.analytics.deficit_lake import ODD, VICTIMS, X18, deficit_blocks, verdict, write_deficits
from tests.analytics.keeper_lake import BLOCK_SECONDS, GENESIS_TIME, Rows, change, write_lake

LEFT_OUT = {"open", "silent", "untested", "late"}


@pytest.fixture(scope="module")
def deficits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake with every kind of account."""
    directory = tmp_path_factory.mktemp("deficits")
    write_deficits(directory)
    with open_lake(directory) as lake:
        yield lake


def rows_of(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> dict[str, dict[str, Any]]:
    """By account."""
    return {row["account"]: row for row in waterfall(lake, window).to_pylist()}


def moment(block: int) -> datetime:
    """The time of a block."""
    return datetime.fromtimestamp(GENESIS_TIME, UTC) + timedelta(seconds=BLOCK_SECONDS * block)


def test_one_row_per_account_and_a_total(deficits: duckdb.DuckDBPyConnection) -> None:
    table = waterfall(deficits)
    assert sorted(table["account"].to_pylist()) == sorted([*VICTIMS, "total"])
    assert table["account"].to_pylist()[-1] == "total"
    assert set(table["window"].to_pylist()) == {"all that was recorded"}
    assert set(table["quality"].to_pylist()) == {"exact"}


@pytest.mark.parametrize(
    ("account", "margin", "loss", "fee", "equity", "insurance", "unpaid"),
    [
        ("left", 100.0, 35.0, 5.0, 60.0, 0.0, 0.0),
        ("insured", 50.0, 67.0, 3.0, -20.0, 20.0, 0.0),
        ("unpaid", 10.0, 16.0, 2.0, -8.0, 0.0, 8.0),
        ("twice", 80.0, 7.0, 3.0, 70.0, 0.0, 0.0),
        ("gainer", 41.0, 0.0, 1.0, 40.0, 0.0, 0.0),
        ("underwater", 0.0, 8.0, 1.0, -9.0, 0.0, 9.0),
        ("seized", 25.0, 1.0, 4.0, 20.0, 0.0, 0.0),
        ("alone", 6.0, 9.0, 1.0, -4.0, 4.0, 0.0),
    ],
)
def test_each_closed_account(
    deficits: duckdb.DuckDBPyConnection,
    account: str,
    margin: float,
    loss: float,
    fee: float,
    equity: float,
    insurance: float,
    unpaid: float,
) -> None:
    row = rows_of(deficits)[account]
    names = ("margin_usd", "loss_usd", "fee_usd", "last_equity_usd", "insurance_usd", "unpaid_usd", "bad_debt_usd")
    expected = (margin, loss, fee, equity, insurance, unpaid, max(0.0, -equity))
    assert tuple(row[name] for name in names) == pytest.approx(expected)
    assert row["closed"] is True
    assert row["left_out"] is None
    assert row["uses_raw"] == row["sources_raw"]
    assert (row["adl_usd"], row["socialised_usd"], row["adl_overshoot_usd"]) == (0.0, 0.0, None)


def test_integers_beyond_a_float_stay_exact(deficits: duckdb.DuckDBPyConnection) -> None:
    row = rows_of(deficits)["insured"]
    assert row["bad_debt_raw"] == str(ODD)
    assert row["uses_raw"] == row["sources_raw"] == str(50 * X18 + 1 + ODD)


def test_two_liquidations_of_one_account_are_one_row(deficits: duckdb.DuckDBPyConnection) -> None:
    """The test in the block of the first liquidation already has it: the margin is the one before."""
    row = rows_of(deficits)["twice"]
    assert (row["n"], row["margin_usd"]) == (2, 80.0)


def test_what_is_not_known_is_listed_and_not_counted(deficits: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(deficits)
    assert {name for name, row in rows.items() if row["left_out"] and name != "total"} == LEFT_OUT
    assert (rows["open"]["closed"], rows["late"]["closed"], rows["silent"]["closed"]) == (False, None, True)
    for name in LEFT_OUT:
        assert {rows[name][key] for key in ("loss_usd", "unpaid_usd", "bad_debt_usd", "bad_debt_raw", "uses_raw")} == {None}
    assert rows["open"]["last_equity_usd"] == -3.0
    assert rows["silent"]["last_equity_usd"] is None
    assert rows["untested"]["margin_usd"] is None


def test_the_total_is_of_the_counted_accounts(deficits: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(deficits)
    total = rows.pop("total")
    counted = [row for row in rows.values() if row["left_out"] is None]
    assert (total["accounts"], total["n"], total["left_out"]) == (8, 9, "4 accounts")
    assert int(total["bad_debt_raw"]) == sum(int(row["bad_debt_raw"]) for row in counted) == ODD + (8 + 9 + 4) * X18
    assert int(total["uses_raw"]) == int(total["sources_raw"]) == sum(int(row["uses_raw"]) for row in counted)
    assert (total["insurance_usd"], total["unpaid_usd"]) == (24.0, 17.0)


def test_the_notes_say_what_was_left_out_and_who_got_the_penalties(deficits: duckdb.DuckDBPyConnection) -> None:
    notes = "\n".join(notes_of(waterfall(deficits)))
    assert "never the sum of negative PnL" in notes
    assert "4 accounts are left out of the total" in notes
    assert "1 still open" in notes
    assert "penalties 25 USD: 12.5 to liquidators, 12.5 to the insurance fund" in notes
    assert "insurance fund of perp_v2: 1,000 USD before, 980.5 after" in notes
    assert "not defined on a venue without ADL" in notes
    assert "1 account deposited or withdrew" in notes


def test_a_window_has_its_own_liquidations_and_last_equity(deficits: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(deficits, Window(moment(14), moment(19)))
    assert set(rows) == {"twice", "total"}
    assert (rows["twice"]["n"], rows["twice"]["margin_usd"]) == (1, 999.0), "the test after the liquidation before the window"
    assert rows["twice"]["closed"] is None, "the map of block 20 is after the window"


def test_a_test_from_before_an_earlier_liquidation_is_no_margin(tmp_path: Path) -> None:
    blocks: dict[int, list[Record]] = {number: [Rows(number).liquidation("a", "ETH", 100.0, "long")] for number in (2, 3)}
    blocks[1] = [Rows(1).evaluation("a", None)]
    write_lake(tmp_path, blocks)
    with open_lake(tmp_path) as lake:
        assert rows_of(lake)["a"]["margin_usd"] == 1 / X18
        assert rows_of(lake, Window(moment(3)))["a"]["margin_usd"] is None


def test_a_window_without_liquidations_says_so(deficits: duckdb.DuckDBPyConnection) -> None:
    table = waterfall(deficits, Window(moment(26)))
    assert table.num_rows == 0
    assert "nobody was liquidated" in reason_of(table)


def test_accounts_recorded_before_raw_amounts_are_counted_in_a_note(tmp_path: Path) -> None:
    write_deficits(tmp_path, old=("left", "twice"))
    with open_lake(tmp_path) as lake:
        table = waterfall(lake)
    assert not {"left", "twice"} & set(table["account"].to_pylist())
    assert "2 accounts were recorded before raw amounts" in "\n".join(notes_of(table))


def test_a_lake_of_before_raw_amounts_has_no_waterfall(tmp_path: Path) -> None:
    write_deficits(tmp_path, old=tuple(VICTIMS))
    with open_lake(tmp_path) as lake:
        table = waterfall(lake)
    assert table.num_rows == 0
    assert "recorded before raw amounts" in reason_of(table)


def test_a_payment_after_the_last_equity_is_not_taken_out_of_it(tmp_path: Path) -> None:
    write_deficits(tmp_path, alone_block=18)
    with open_lake(tmp_path) as lake:
        row = rows_of(lake)["alone"]
        notes = notes_of(waterfall(lake))
    assert (row["last_equity_usd"], row["loss_usd"], row["bad_debt_usd"]) == (0.0, 5.0, 0.0)
    assert "the insurance fund paid 4 USD more than the deficits known" in "\n".join(notes)


def test_a_payment_in_unknown_decimals_leaves_its_account_out(tmp_path: Path) -> None:
    write_deficits(tmp_path, decimals=None)
    with open_lake(tmp_path) as lake:
        table = waterfall(lake)
        rows = {row["account"]: row for row in table.to_pylist()}
    assert (rows["alone"]["left_out"], rows["alone"]["last_equity_usd"]) == ("no equity known since", None)
    assert rows["insured"]["insurance_usd"] == 20.0, "settled in its liquidation, recorded with 18 decimals"


@pytest.mark.parametrize(("decimals", "finest"), [(30, 30), (6, 18)])
def test_amounts_of_any_decimals_are_settled_to_the_unit(tmp_path: Path, decimals: int, finest: int) -> None:
    write_deficits(tmp_path)
    with open_lake(tmp_path) as lake:
        before = rows_of(lake)
    scale = "* 1000000000000" if decimals == 30 else "// 1000000000000"
    columns = ", ".join(f"{name} = ({name}::HUGEINT {scale})::VARCHAR" for name in ("penalty_raw", "reward_raw", "bad_debt_raw"))
    change(tmp_path, f"UPDATE lake.main.liquidations SET usd_decimals = {decimals}, {columns} WHERE account = 'twice'")
    with open_lake(tmp_path) as lake:
        rows, notes = rows_of(lake), notes_of(waterfall(lake))
        assert failing_checks(lake) == {}
    names = ("fee_usd", "loss_usd", "margin_usd", "insurance_usd")
    assert {account: [row[name] for name in names] for account, row in rows.items()} == {
        account: [row[name] for name in names] for account, row in before.items()
    }
    assert rows["insured"]["bad_debt_raw"] == str(ODD * 10 ** (finest - 18)), "the finest decimals are the answer's"
    assert f"raw columns: USD with {finest} decimals" in notes


def test_a_fund_that_did_not_change_was_read_where_its_market_was(tmp_path: Path) -> None:
    """A row tells what changed; whether it was read afterwards, the market's row of the block tells."""
    write_deficits(tmp_path)
    change(tmp_path, "DELETE FROM lake.main.insurance_funds WHERE block_number = 25")
    with open_lake(tmp_path) as lake:
        assert not any("insurance fund of" in note for note in notes_of(waterfall(lake)))
    state = "10, 'perp_v2', 'ETH', 25, '0x19', TIMESTAMP '2025-03-21 00:00:50', '1', 1.0, 1.0, 1.0, 1.0, 1.0, '0', 0.0, 'ETH', 18"
    change(tmp_path, f"INSERT INTO lake.main.market_state VALUES ({state})")
    with open_lake(tmp_path) as lake:
        assert any("1,000 USD before, 1,000 after" in note for note in notes_of(waterfall(lake)))


def test_nobody_counted_means_no_sums(tmp_path: Path) -> None:
    """Unknown is not zero."""
    write_lake(tmp_path, {1: [Rows(1).liquidation("a", "ETH", 100.0, "long")]})
    with open_lake(tmp_path) as lake:
        total = rows_of(lake)["total"]
    assert (total["accounts"], total["bad_debt_usd"], total["uses_raw"]) == (0, None, None)


def test_a_lake_without_a_keeper(empty_lake: duckdb.DuckDBPyConnection) -> None:
    table = waterfall(empty_lake)
    assert table.num_rows == 0
    assert "no keeper's tables" in reason_of(table)


def test_a_verdict_of_the_contract_is_no_equity(deficits: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Beside the last equity of an account, and after it."""
    blocks = deficit_blocks()
    for number in (9, 16, 20):
        blocks[number].append(verdict(number, "left"))
    write_lake(tmp_path, blocks)
    with open_lake(tmp_path) as lake:
        assert rows_of(lake)["left"] == rows_of(deficits)["left"]
