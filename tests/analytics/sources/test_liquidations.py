"""Hand-made recordings of liquidations: the victim's side, the units, one row per event, the reasons of the rest."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.analytics.sources.conftest import Import, Rows

REASONS = "SELECT line, reason FROM market.rejects ORDER BY line"


def test_force_order_recording(take: Import, rows: Rows, handmade: Path) -> None:
    """SELL closes a long; the quote is put back; contracts on 1,000 tokens count tokens; ETHBTC counts without dollars."""
    report = take("binance_force_orders", handmade / "force_orders.csv")
    assert (report.rows, report.rejects, report.refused) == (5, 4, ())
    columns = "market, underlying, side, base, order_price, fill_price, order_notional_usd, fill_notional_usd, notional_usd, quality"
    assert rows(f"SELECT {columns} FROM market.liquidations ORDER BY exchange_time") == [
        ("AAAUSDT", "AAA", "long", 100, 2, 2.02, 200, 202, 200, "sampled"),
        ("BBBUSDT_261225", "BBB", "short", 5, 300, 297, 1500, 1485, 1500, "sampled"),
        ("1000CCCUSDT", "CCC", "long", 2_000_000, 0.0005, 0.000505, 1000, 1010, 1000, "sampled"),
        ("DDDUSDC", "DDD", "short", 1, 50, 49.5, 50, 49.5, 50, "sampled"),
        ("ETHBTC", "ETH", "long", 2, None, None, None, None, None, "sampled"),
    ]
    first = rows("SELECT exchange_time, time_resolution, source, source_file FROM market.liquidations ORDER BY exchange_time LIMIT 1")
    assert first == [(datetime(2025, 10, 9, 8, 53, 20, 123000), "ms", "binance_force_orders", "fixtures/force_orders.csv")]  # noqa: DTZ001 the lake's UTC
    assert rows(REASONS) == [
        (1, "stray row, 694 days from the rest of the recording"),
        (7, "filled quantity is not positive: -7.0"),
        (8, "side is neither BUY nor SELL"),
        (9, "6 fields instead of 12"),
    ]
    assert rows("SELECT notes FROM market.imports") == [("1 orders quoted in BTC are counted without a USD notional",)]


def test_force_order_frames(take: Import, rows: Rows, handmade: Path) -> None:
    """The same order on the stream of all symbols and on its own is one order; other messages are counted, not rejected."""
    report = take("binance_force_orders", handmade / "force_orders.jsonl")
    assert rows("SELECT market, side, base, notional_usd FROM market.liquidations ORDER BY market") == [
        ("AAAUSDT", "long", 100, 200),
        ("BBBUSDT", "short", 3, 30),
    ]
    assert (report.duplicates, [(skip.reason, skip.count) for skip in report.files[0].skipped]) == (1, [("frame of aggTrade", 1)])
    assert rows(REASONS) == [(5, "not JSON")]


def test_a_frame_and_its_recorded_row_are_one_event(take: Import, rows: Rows, handmade: Path) -> None:
    """The recorder's CSV and the frames of the same minutes overlap: the order in both stands once."""
    take("binance_force_orders", handmade / "force_orders.csv")
    report = take("binance_force_orders", handmade / "force_orders.jsonl")
    assert (report.rows, report.duplicates) == (1, 2)
    assert rows("SELECT count(*) FROM market.liquidations WHERE market = 'AAAUSDT'") == [(1,)]


def test_bybit(take: Import, rows: Rows, handmade: Path) -> None:
    """S is the position's side; equal items of one frame are two liquidations, a repeated frame is none; inverse sizes are USD."""
    report = take("bybit_liquidations", handmade / "bybit.jsonl")
    assert rows(
        "SELECT market, underlying, side, base, order_price, notional_usd, fill_price FROM market.liquidations ORDER BY event_id"
    ) == [
        ("AAAUSDT", "AAA", "long", 3, 2.5, 7.5, None),
        ("AAAUSDT", "AAA", "long", 3, 2.5, 7.5, None),
        ("AAAUSDT", "AAA", "short", 4, 2.6, 10.4, None),
        ("BBBUSD", "BBB", "short", 20, 50, 1000, None),
        ("CCCPERP", "CCC", "long", 2, 8, 16, None),
        ("SHIB1000USDT", "SHIB", "long", 10_000, 0.00002, 0.2, None),
    ]
    assert (report.duplicates, report.rejects) == (3, 1)
    assert rows(REASONS) == [(6, "size is not positive: -3.0")]


def test_okx_needs_contract_sizes_and_takes_the_rows_once_it_has_them(take: Import, rows: Rows, handmade: Path) -> None:
    """Without sizes nothing is taken, in one line; with them a contract is what OKX says it is."""
    report = take("okx_liquidations", handmade / "okx.jsonl")
    assert report.rows == 0
    assert report.files[0].refusal == (
        "3 of 3 rows cannot be read as okx_liquidations; line 1: contract size of AAA-USDT-SWAP unknown: import okx_instruments first"
    )
    assert take("okx_instruments", handmade / "okx_instruments.json").rows == 2
    assert take("okx_liquidations", handmade / "okx.jsonl").rows == 2
    assert rows("SELECT market, side, base, notional_usd, quality FROM market.liquidations ORDER BY exchange_time") == [
        ("AAA-USDT-SWAP", "long", 3, 60, "sampled"),
        ("AAA-USD-SWAP", "short", 8, 200, "sampled"),
    ]
    assert rows(REASONS) == [(3, "side buy does not close a long")]


def test_rejected_rows_are_tried_again(take: Import, rows: Rows, handmade: Path, tmp_path: Path) -> None:
    """A file of which only some contract sizes were known is completed by importing it again later; its rejects go."""
    first, second, _ = (handmade / "okx.jsonl").read_text().splitlines()
    frames = tmp_path / "two.jsonl"
    frames.write_text(first + "\n" + second + "\n")
    sizes = (handmade / "okx_instruments.json").read_text()
    half = tmp_path / "half.json"
    half.write_text(sizes.replace("AAA-USD-SWAP", "ZZZ-USD-SWAP"))
    take("okx_instruments", half)
    assert (take("okx_liquidations", frames).rows, rows("SELECT count(*) FROM market.rejects")) == (1, [(1,)])
    take("okx_instruments", handmade / "okx_instruments.json")
    report = take("okx_liquidations", frames)
    assert (report.rows, report.duplicates, report.rejects) == (1, 1, 0)
    assert rows("SELECT count(*) FROM market.rejects") == [(0,)]
    assert rows("SELECT rows, duplicates, rejects FROM market.imports WHERE kind = 'okx_liquidations'") == [(2, 0, 0)]


def test_hyperliquid(take: Import, rows: Rows, handmade: Path) -> None:
    """One row per victim fill; a vault's position closed by ADL is stage 'vault', method 'adl'; spot is left out; time must be UTC."""
    report = take("hyperliquid_fills", handmade / "hyperliquid.jsonl")
    columns = "market, underlying, victim, side, base, fill_price, mark_price, notional_usd, method, stage, block_number, quality"
    assert rows(f"SELECT {columns} FROM market.liquidations ORDER BY block_number") == [
        ("AAA", "AAA", "0xaaaa", "long", 5, 2, 2.1, 10, "book", "trader", 10, "exact"),
        (
            *("kBBB", "BBB", "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14", "long", 100_000, 0.00002, pytest.approx(0.000021), 2),
            *("adl", "vault", 11, "exact"),
        ),
    ]
    assert rows("SELECT market, side, base, notional_usd FROM market.trades ORDER BY exchange_time") == [
        ("AAA", "sell", 5, 10),
        ("kBBB", "buy", 100_000, 2),
    ]
    times = "SELECT epoch_us(exchange_time) % 1000000, epoch_us(receive_time - exchange_time), time_resolution FROM market.liquidations"
    assert rows(times + " ORDER BY 1 DESC LIMIT 1") == [(123456, 376544, "ns")]
    assert rows(REASONS) == [(3, "block_time and time disagree: mixed time zones?")]
    assert [(skip.reason, skip.count) for skip in report.files[0].skipped] == [("spot fill", 1)]


def test_dydx(take: Import, rows: Rows, handmade: Path) -> None:
    """All trades, liquidations among them; a stamp without offset beside stamps with Z is rejected."""
    report = take("dydx_trades", handmade / "dydx.jsonl")
    assert rows("SELECT trade_id, side, base, notional_usd FROM market.trades ORDER BY trade_id") == [
        ("01", "buy", 1, 10),
        ("02", "sell", 3, 27),
        ("03", "buy", 2, 22),
    ]
    assert rows("SELECT event_id, side, base, notional_usd, method, block_number FROM market.liquidations ORDER BY event_id") == [
        ("02", "long", 3, 27, "book", 6),
        ("03", "short", 2, 22, "adl", 7),
    ]
    assert rows(REASONS) == [(3, "createdAt has no UTC offset: mixed time zones")]
    assert [(skip.reason, skip.count) for skip in report.files[0].skipped] == [("frame of v4_orderbook", 1)]
