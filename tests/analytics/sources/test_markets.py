"""Hand-made recordings of trades, open interest, funding and depth."""

from pathlib import Path

import duckdb
import pytest

from analytics.sources import show_ledger
from tests.analytics.sources.conftest import Import, Rows

REASONS = "SELECT line, reason FROM market.rejects ORDER BY line"


def test_coin_margined_trades_are_base_and_dollars(take: Import, rows: Rows, handmade: Path) -> None:
    """A COIN-M contract is 10 USD, of BTC 100 USD. The same id at the same time with another amount is a conflict, not a duplicate."""
    report = take("tardis_trades", handmade / "tardis_coin_m.csv")
    columns = "venue, market, underlying, instrument, side, price, base, notional_usd, time_resolution"
    assert rows(f"SELECT {columns} FROM market.trades ORDER BY exchange_time, market") == [
        ("binance_coinm", "AAAUSD_PERP", "AAA", "perpetual", "buy", 4, 5, 20, "ms"),
        ("binance_coinm", "AAAUSD_PERP", "AAA", "perpetual", "sell", 5, 2, 10, "ms"),
        ("binance_coinm", "BTCUSD_PERP", "BTC", "perpetual", "sell", 100_000, 0.003, 300, "ms"),
    ]
    assert (report.rows, report.rejects, report.duplicates) == (3, 3, 0)
    assert rows(REASONS) == [
        (5, "amount is not positive: -1.0"),
        (6, "timestamp is not in Unix microseconds"),
        (7, "the same trades row has other figures in line 2"),
    ]


def test_amounts_in_an_unknown_unit_are_refused(take: Import, rows: Rows, handmade: Path, tmp_path: Path) -> None:
    """BitMEX counts contracts of many sizes: no number is better than a wrong one."""
    text = (handmade / "tardis_coin_m.csv").read_text().replace("binance-delivery", "bitmex")
    path = tmp_path / "bitmex.csv"
    path.write_text(text)
    refusal = take("tardis_trades", path).files[0].refusal
    assert refusal is not None
    assert refusal.startswith("amounts of exchange bitmex are in a unit not known here; known exchanges: ")
    assert rows("SELECT count(*) FROM market.trades") == [(0,)]


def test_open_interest_of_both_layouts(take: Import, rows: Rows, handmade: Path) -> None:
    """The coin is in the file's name, or the symbol in the row; a negative figure is rejected."""
    report = take("binance_metrics", handmade / "AAA_oi_5m.csv", handmade / "AAAUSDT-metrics-2025-10-09.csv")
    assert (report.rows, report.rejects) == (4, 1)
    assert rows("SELECT DISTINCT market, underlying, time_resolution FROM market.open_interest ORDER BY 3") == [
        ("AAAUSDT", "AAA", "ms"),
        ("AAAUSDT", "AAA", "s"),
    ]
    assert rows("SELECT sum(base), sum(notional_usd) FROM market.open_interest") == [(430, 1135)]
    assert rows(REASONS) == [(3, "open interest in USD is not positive: -1.0")]


def test_funding_is_per_settlement_with_its_period(take: Import, rows: Rows, handmade: Path) -> None:
    """The per-coin series is per hour and becomes the settlement's; Binance Vision's names its period."""
    take("binance_metrics", handmade / "AAA_funding.csv")
    assert rows("SELECT period_hours, rate, rate_8h FROM market.funding ORDER BY exchange_time") == [
        (8, pytest.approx(8e-5), pytest.approx(8e-5)),
        (8, pytest.approx(16e-5), pytest.approx(16e-5)),
        (8, pytest.approx(-24e-5), pytest.approx(-24e-5)),
    ]
    report = take("binance_metrics", handmade / "AAAUSDT-fundingRate-2025-10.csv")
    assert (report.rows, report.duplicates, report.rejects) == (0, 1, 0), "the same settlement, said by both layouts"


def test_a_settlement_said_differently_is_a_conflict(take: Import, rows: Rows, handmade: Path, tmp_path: Path) -> None:
    """What two files say of one settlement must agree; the first stays and the other is kept with its reason."""
    take("binance_metrics", handmade / "AAAUSDT-fundingRate-2025-10.csv")
    other = tmp_path / "AAAUSDT-fundingRate-2025-10.csv"
    other.write_text("calc_time,funding_interval_hours,last_funding_rate\n1759968000000,4,0.00009\n1759982400000,4,0.00001\n")
    report = take("binance_metrics", other)
    assert (report.rows, report.rejects) == (1, 1)
    assert rows(REASONS) == [(2, "the same funding row has other figures in fixtures/AAAUSDT-fundingRate-2025-10.csv")]
    assert rows("SELECT rate, period_hours, rate_8h FROM market.funding ORDER BY exchange_time LIMIT 1") == [(8e-5, 4, 16e-5)]


def test_inverted_and_shrinking_depth_is_flagged(take: Import, rows: Rows, handmade: Path) -> None:
    """Flagged snapshots are in the lake and not usable; a leading space in a stamp is no new snapshot."""
    take("binance_book_depth", handmade / "AAAUSDT-bookDepth-2025-10-09.csv")
    assert rows("SELECT exchange_time::TIME::VARCHAR, count(*), flag, any_value(usable) FROM market.depth GROUP BY ALL ORDER BY 1") == [
        ("00:00:07", 4, None, True),
        ("01:00:07", 2, "inverted", False),
        ("01:05:07", 2, "near inverted", False),
        ("02:00:07", 4, "shrinking", False),
    ]
    bands = "SELECT side, band_bps, base, notional_usd FROM market.depth WHERE usable ORDER BY 1, 2"
    assert rows(bands) == [("ask", 100, 12, 121.2), ("ask", 200, 20, 204), ("bid", 100, 10, 99), ("bid", 200, 30, 294)]
    assert rows("SELECT notes FROM market.imports") == [
        ("1 inverted snapshots (bids above asks) from 2025-10-09 01:00:07 to 2025-10-09 01:00:07: flagged, not used",)
    ]


def test_the_keeper_is_read_in_place(take: Import, rows: Rows, handmade: Path, lake: duckdb.DuckDBPyConnection) -> None:
    """Nothing is imported; the ledger shows imported liquidations beside the keeper's, or what there is of them."""
    assert take("keeper", Path("lake")).files[0].refusal == "the keeper's own tables are read in place: nothing to import"
    take("binance_force_orders", handmade / "force_orders.csv")
    assert show_ledger(lake)
    assert rows("SELECT count(*) FROM ledger") == [(5,)]
    lake.execute("""CREATE VIEW stg_keeper_liquidations AS
        SELECT 10 AS chain_id, 'perp_v2' AS venue, 'ETH-PERP' AS market, 'ETH' AS underlying, '0xvictim' AS victim, 'long' AS side,
               unnest(['positions', 'collateral', 'margin_only', 'positions']) AS kind, 7 AS block_number,
               TIMESTAMP '2025-10-09 00:00:00' AS block_time, '0xhash' AS transaction_hash, 3 AS log_index,
               unnest([2.0, 0.0, 0.0, 0.0]) AS size_base, 10.0 AS price_usd, 20.0 AS notional_usd,
               'exact' AS quality""")
    assert show_ledger(lake)
    assert rows("SELECT event_id, side, base, notional_usd, method, stage FROM ledger WHERE source = 'keeper'") == [
        ("0xhash:3", "long", 2, 20, "pool", "trader")
    ]
    assert rows("SELECT chain_id, venue, market, underlying FROM ledger WHERE source = 'keeper'") == [(10, "perp_v2", "ETH-PERP", "ETH")]
    assert rows("SELECT DISTINCT chain_id FROM ledger WHERE source <> 'keeper'") == [(None,)]
    lake.execute("DROP TABLE market.liquidations; DROP VIEW stg_keeper_liquidations")
    assert not show_ledger(lake)
