"""The importers on the real bytes, with the figures their collectors and the specification state."""

import gzip
import json
from pathlib import Path

import pytest

from analytics.lake import open_lake, open_market
from analytics.sources import Silent, detect_kind, import_files
from tests.analytics.sources.conftest import Import, Rows

AROUND = "exchange_time >= TIMESTAMP '2025-10-10 20:45:00' AND exchange_time < TIMESTAMP '2025-10-10 22:00:00'"


def test_binance_cascade_of_11_december_2025(take: Import, rows: Rows, shared_data: Path) -> None:
    """10,000 events; longs 9,107 / $38.71M and shorts 893 / $1.10M at order price; $40.27M at fill; peak minute 02:18."""
    path = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    assert detect_kind(path) == "binance_force_orders"
    report = take("binance_force_orders", path)
    assert (report.rows, report.rejects, report.duplicates) == (10_000, 1, 0)
    sides = "SELECT side, count(*), round(sum(notional_usd) / 1e6, 2) FROM market.liquidations GROUP BY side ORDER BY side"
    assert rows(sides) == [("long", 9107, 38.71), ("short", 893, 1.10)]
    assert rows("SELECT round(sum(fill_notional_usd) / 1e6, 2), list(DISTINCT quality) FROM market.liquidations") == [(40.27, ["sampled"])]
    peak = """SELECT strftime(date_trunc('minute', exchange_time), '%H:%M'), count(*), round(sum(notional_usd) / 1e6, 2)
        FROM market.liquidations GROUP BY 1 ORDER BY 3 DESC LIMIT 2"""
    assert rows(peak) == [("02:18", 881, 4.72), ("03:02", 261, 4.56)]
    largest = """SELECT market, side, base, fill_price, round(notional_usd / 1e6, 2), strftime(exchange_time, '%H:%M:%S.%g')
        FROM market.liquidations ORDER BY notional_usd DESC NULLS LAST LIMIT 1"""
    assert rows(largest) == [("ETHUSDT", "long", 1244.667, 3212.18, 3.92, "02:19:02.710")]
    assert rows("SELECT line, reason FROM market.rejects") == [(1, "stray row, 555 days from the rest of the recording")]
    assert rows("SELECT raw_text FROM market.rejects")[0][0].startswith("AMB,SELL,LIMIT")
    throttle = "SELECT max(n) FROM (SELECT count(*) AS n FROM market.liquidations GROUP BY market, date_trunc('second', exchange_time))"
    assert rows(throttle) == [(1,)], "one order per symbol and second: the feed's throttle"


def test_open_interest_and_funding_around_it(take: Import, rows: Rows, shared_data: Path) -> None:
    """Five-minute series of BTC, ETH and SOL; the price they imply is that day's."""
    report = take("binance_metrics", *sorted((shared_data / "binance_liq_20251211" / "binance_oi_5m").glob("*.csv")))
    assert (report.rows, report.rejects, report.refused) == (3 * 55_296 + 3 * 546, 0, ())
    price = """SELECT market, median(notional_usd / base) FROM market.open_interest
        WHERE exchange_time::DATE = DATE '2025-12-11' GROUP BY 1 ORDER BY 1"""
    btc, eth, sol = (value for _, value in rows(price))
    assert (btc, eth, sol) == (pytest.approx(90_500, rel=0.02), pytest.approx(3_230, rel=0.03), pytest.approx(132, rel=0.05))
    assert rows("SELECT DISTINCT period_hours FROM market.funding") == [(8,)]


def test_two_sources_of_binance_funding_agree(take: Import, rows: Rows, shared_data: Path) -> None:
    """870 settlements stand in both data sets; the per-coin series divides them by eight, which is undone, so none is a conflict."""
    take("binance_metrics", *sorted((shared_data / "binance_liq_20251211" / "binance_oi_5m").glob("*_funding.csv")))
    report = take("finm33150", shared_data / "crossvenue_finm33150" / "funding_rates.parquet")
    assert (report.rows, report.duplicates, report.rejects) == (115_218 - 870, 870, 0)
    # The published notes call these 8-hour rates; settlements are hourly and the rates are the hourly ones.
    hourly = "SELECT DISTINCT venue FROM market.funding WHERE period_hours = 1 ORDER BY 1"
    assert rows(hourly) == [("dydx",), ("hyperliquid",), ("kraken",), ("lighter",)]
    assert rows("SELECT DISTINCT period_hours FROM market.funding WHERE underlying = 'HYPE' AND venue = 'okx' ORDER BY 1") == [(4,)]


def test_hyperliquid_liquidation_stands_once(take: Import, rows: Rows, shared_data: Path) -> None:
    """WLFI 890 @ 0.15327: both fills carry the object, one victim row comes out, a short bought back. 7,282 fills are 3,641 trades."""
    path = shared_data / "hl_wire_fills_20251027" / "node_fills_by_block_20251027T17.jsonl"
    assert detect_kind(path) == "hyperliquid_fills"
    report = take("hyperliquid_fills", path)
    columns = "market, side, base, fill_price, mark_price, victim, method, stage, block_number, quality"
    assert rows(f"SELECT {columns} FROM market.liquidations") == [
        ("WLFI", "short", 890, 0.15327, 0.15319, "0xa59f55114ccb120487c4fb5766cb89b123c13563", "book", "trader", 777010856, "exact")
    ]
    assert [(skip.reason, skip.count) for skip in report.files[0].skipped] == [("spot fill", 516)]
    assert rows("SELECT count(*) FROM market.trades") == [(3641 - 258,)]


@pytest.mark.parametrize(
    ("coin", "binance", "coinbase", "gemini"),
    [
        ("WIF", (0.1252, "21:21:47"), (0.32, "21:21:08"), 0.1454),
        ("AVAX", (6.02, "21:21:29"), (17.0, "21:21:03"), 20.883),
        ("AAVE", (63.42, None), (128.0, None), 178.3416),
    ],
)
def test_lows_of_10_october_2025_per_venue(
    take: Import,
    rows: Rows,
    shared_data: Path,
    coin: str,
    binance: tuple[float, str | None],
    coinbase: tuple[float, str | None],
    gemini: float,
) -> None:
    """The collector's table of lows between 20:45 and 22:00, reproduced through the importer; every row of every file is taken."""
    files = sorted((shared_data / "oct10_trades_depth").glob(f"*_{coin}*.csv.gz"))
    report = take("tardis_trades", *files)
    assert (report.rejects, report.duplicates, report.refused) == (0, 0, ())
    lows = f"""SELECT venue, min(price), strftime(arg_min(exchange_time, price), '%H:%M:%S') FROM market.trades
        WHERE {AROUND} GROUP BY 1 ORDER BY 1"""
    found = {venue: (price, at) for venue, price, at in rows(lows)}
    assert found["binance_coinm"] == (binance[0], binance[1] or found["binance_coinm"][1])
    assert found["coinbase"] == (coinbase[0], coinbase[1] or found["coinbase"][1])
    assert found["gemini"][0] == pytest.approx(gemini, abs=1e-3)
    counts = {"WIF": 199_605, "AVAX": 137_632, "AAVE": 153_481}
    assert rows("SELECT count(*) FROM market.trades WHERE venue = 'binance_coinm'") == [(counts[coin],)]
    assert rows("SELECT DISTINCT venue, instrument, time_resolution FROM market.trades ORDER BY 1") == [
        ("binance_coinm", "perpetual", "ms"),
        ("coinbase", "spot", "us"),
        ("gemini", "spot", "ms"),
    ]


def test_inverted_depth_of_10_october_2025_is_not_used(take: Import, rows: Rows, shared_data: Path) -> None:
    """969 of 2,879 snapshots have bids above asks, from 15:30:42 to the end of the day; none of them is usable."""
    report = take("binance_book_depth", shared_data / "oct10_trades_depth" / "BTCUSDT-bookDepth-2025-10-10.csv")
    assert (report.rows, report.rejects) == (28_790, 0)
    assert rows("SELECT count(DISTINCT exchange_time) FROM market.depth") == [(2879,)]
    inverted = "SELECT count(DISTINCT exchange_time), strftime(min(exchange_time), '%H:%M:%S') FROM market.depth WHERE flag = 'inverted'"
    assert rows(inverted) == [(969, "15:30:42")]
    assert rows("SELECT count(*) FROM market.depth WHERE usable AND flag IS NOT NULL") == [(0,)]
    assert rows("SELECT count(*) FROM market.depth WHERE usable AND exchange_time > TIMESTAMP '2025-10-10 17:00:00'") == [(0,)]
    assert rows("SELECT max(base) FROM market.depth WHERE usable AND side = 'bid' AND band_bps = 100")[0][0] > 1000


def test_cross_venue_hour_of_10_october_2025(take: Import, rows: Rows, shared_data: Path) -> None:
    """Lows of the 21:00 hour, Hyperliquid's totals of 11 December, open interest; depth without a time is refused in one line."""
    folder = shared_data / "crossvenue_finm33150"
    report = take("finm33150", *sorted(folder.glob("*.parquet")))
    assert {file.path.name: file.rows for file in report.files} == {
        "candles.parquet": 121_122,
        "funding_rates.parquet": 115_218,
        "liquidation_volume.parquet": 173,
        "open_interest.parquet": 18_477,
        "orderbook_depth.parquet": 0,
    }
    assert [(file.path.name, file.refusal) for file in report.refused] == [
        ("orderbook_depth.parquet", "depth totals carry no time, so they cannot be placed beside anything")
    ]
    hour = """SELECT underlying, venue, low FROM market.candles
        WHERE exchange_time = TIMESTAMP '2025-10-10 21:00:00' AND underlying IN ('BTC', 'HYPE') ORDER BY ALL"""
    assert rows(hour) == [
        ("BTC", "binance", 101_516.5),
        ("BTC", "bybit", 101_045.9),
        ("BTC", "lighter", 103_555.0),
        ("HYPE", "binance", 21.029),
        ("HYPE", "bybit", 20.784),
        ("HYPE", "lighter", 29.4827),
    ]
    totals = """SELECT underlying, round(total_usd / 1e6, 1), round(long_usd / 1e6, 1), round(short_usd / 1e6, 1), events
        FROM market.liquidation_totals WHERE exchange_time = TIMESTAMP '2025-12-11 00:00:00'
        AND underlying IN ('BTC', 'ETH', 'SOL', 'HYPE') ORDER BY total_usd DESC"""
    assert rows(totals) == [
        ("BTC", 63.3, 37.9, 22.8, 4576),
        ("ETH", 19.9, 19.3, 0.6, 1761),
        ("SOL", 7.5, 5.4, 1.8, 1676),
        ("HYPE", 3.5, 3.5, 0.0, 2371),
    ]
    assert rows("SELECT count(volume_base), count(*) FROM market.candles WHERE venue = 'okx'") == [(0, 10_800)], "contracts of unknown size"


def test_live_frames_of_three_venues(take: Import, rows: Rows, shared_data: Path) -> None:
    """One mixed file, imported once per venue: each takes its own frames and counts the others."""
    frames = shared_data / "wire_formats" / "live_frames_2026-10.jsonl"
    instruments = shared_data / "wire_formats" / "nautilus_LGPL3" / "okx" / "test_data" / "http_get_instruments_swap.json"
    assert take("okx_instruments", instruments).rows == 3
    assert [take(kind, frames).rows for kind in ("binance_force_orders", "bybit_liquidations", "okx_liquidations")] == [3, 3, 1]
    assert rows(
        "SELECT venue, market, side, base, round(notional_usd, 2), quality FROM market.liquidations ORDER BY venue, exchange_time"
    ) == [
        ("binance", "MANTAUSDT", "long", 2049.1, 145.79, "sampled"),
        ("binance", "XRPUSDT", "short", 127.2, 190.6, "sampled"),
        ("binance", "BTCUSDT", "long", 0.19, 15644.28, "sampled"),
        ("bybit", "STRKUSDT", "long", 2084.9, 107.69, "exact"),
        ("bybit", "BTCUSDT", "long", 0.006, 494.38, "exact"),
        ("bybit", "BTCUSDT", "long", 0.038, 3130.98, "exact"),
        ("okx", "BTC-USDT-SWAP", "long", 0.0855, 7067.06, "sampled"),
    ]
    assert rows("SELECT reason FROM market.rejects") == [("contract size of CELO-USDT-SWAP unknown: import okx_instruments first",)]


def test_published_frames_of_dydx_and_binance(take: Import, rows: Rows, shared_data: Path) -> None:
    """Adapter fixtures of another project, one JSON document over many lines each."""
    folder = shared_data / "wire_formats" / "nautilus_LGPL3"
    assert take("dydx_trades", *sorted((folder / "dydx" / "test_data").glob("ws_trades_*.json"))).rows == 3
    assert rows("SELECT market, side, price, base FROM market.trades ORDER BY trade_id LIMIT 1") == [("BTC-USD", "buy", 43250, 0.5)]
    stream = folder / "binance" / "test_data" / "futures" / "market_data_json" / "liquidation_stream.json"
    assert take("binance_force_orders", stream).rows == 1
    assert rows("SELECT side, base, order_price, fill_price FROM market.liquidations") == [("long", 0.014, 9910, 9910.12345678)]


def test_binance_book_agrees_with_the_best_quotes_it_was_recorded_with(take: Import, rows: Rows, shared_data: Path) -> None:
    """The recording's own best-quote stream is another witness: at each second the rebuilt best prices are the last quote's."""
    path = shared_data / "wire_formats" / "hftbacktest_MIT" / "binance_usdm_btcusdt_20240808.gz"
    report = take("binance_books", path)
    assert rows("SELECT count(*), count(*) FILTER (usable) FROM market.book_snapshots") == [(344, 344)]
    assert rows("SELECT count(*) FROM market.trades") == [(21_313,)]
    assert report.files[0].notes[0].startswith("the recorder's clock is 1181 to 1271 ms behind the exchange's")
    quotes = _best_quotes(path)
    snapshots = rows("SELECT epoch_us(receive_time), best_bid, best_ask FROM market.book_snapshots")
    # Depth comes in batches of some 50 ms, quotes one by one: a quote that moved inside the batch is not in the book yet.
    close = [abs(bid - quotes[at][0]) + abs(ask - quotes[at][1]) <= 12.0 for at, bid, ask in snapshots]
    same = [(bid, ask) == quotes[at] for at, bid, ask in snapshots]
    assert sum(close) >= 0.99 * len(close)
    assert sum(same) >= 0.95 * len(same)


def _best_quotes(path: Path) -> dict[int, tuple[float, float]]:
    """The last best quote received before each whole second, by the second in microseconds."""
    quotes: dict[int, tuple[float, float]] = {}
    last, second = (0.0, 0.0), 0
    with gzip.open(path, "rb") as lines:
        for line in lines:
            stamp, _, text = line.partition(b" ")
            while second and second * 1_000_000_000 <= int(stamp):
                quotes[second * 1_000_000] = last
                second += 1
            second = second or int(stamp) // 1_000_000_000 + 1
            if b'"bookTicker"' in text:
                quote = json.loads(text)["data"]
                last = (float(quote["b"]), float(quote["a"]))
    return quotes


def test_hyperliquid_book(take: Import, rows: Rows, shared_data: Path) -> None:
    """26 s of 20-level books: usable, a spread of a dollar or little more, depth known no farther than the levels go."""
    take("hyperliquid_books", shared_data / "wire_formats" / "hftbacktest_MIT" / "hyperliquid_btc_20250126.gz")
    assert rows("SELECT count(*), count(*) FILTER (usable), min(len(bid_prices)), median(spread_bps) < 0.5 FROM market.book_snapshots") == [
        (26, 26, 20, True)
    ]
    assert rows("SELECT DISTINCT flag FROM market.depth WHERE band_bps >= 25") == [("beyond recorded levels",)]


def test_a_second_import_changes_nothing(take: Import, rows: Rows, shared_data: Path) -> None:
    """By the hash of the content, or row by row where the first import left rejects: nothing new, and it says so."""
    depth = shared_data / "oct10_trades_depth" / "BTCUSDT-bookDepth-2025-10-10.csv"
    orders = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    take("binance_book_depth", depth)
    take("binance_force_orders", orders)
    first = rows("SELECT kind, rows, duplicates, rejects FROM market.imports ORDER BY kind")
    again = take("binance_book_depth", depth)
    assert (again.rows, again.duplicates, again.files[0].notes) == (0, 28_790, ("this file is in the lake already",))
    once_more = take("binance_force_orders", orders)
    assert (once_more.rows, once_more.duplicates, once_more.rejects) == (0, 10_000, 1)
    assert once_more.files[0].notes[-1] == "this file is in the lake already; its rejects were tried again"
    assert rows("SELECT count(*) FROM market.liquidations") == [(10_000,)]
    assert rows("SELECT count(*) FROM market.rejects") == [(1,)]
    assert rows("SELECT kind, rows, duplicates, rejects FROM market.imports ORDER BY kind") == first


def test_into_a_real_lake(shared_data: Path, tmp_path: Path) -> None:
    """DuckLake has no keys and other types than DuckDB: the same import into a lake on disk, twice, and the staging views over it."""
    orders = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    books = shared_data / "wire_formats" / "hftbacktest_MIT" / "hyperliquid_btc_20250126.gz"
    with open_market(tmp_path) as lake:
        assert [import_files(lake, "binance_force_orders", [orders], Silent()).rows for _ in range(2)] == [10_000, 0]
        assert import_files(lake, "hyperliquid_books", [books], Silent()).rows == 402
    with open_lake(tmp_path) as lake:
        assert lake.execute("SELECT count(*), count(DISTINCT side) FROM stg_market_liquidations").fetchall() == [(10_000, 2)]
        assert lake.execute("SELECT count(*) FROM stg_market_book_levels WHERE level = 1").fetchall() == [(52,)]
        assert lake.execute("SELECT sum(snapshots) FROM stg_market_depth_flags").fetchall() == [(26,)]
        assert lake.execute("SELECT count(*) FROM stg_market_rejects").fetchall() == [(1,)]
