"""Wrong files: one clear line, nothing imported, never a stack trace and never a wrong number."""

import gzip
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics.sources import KINDS, Refusal, Silent, detect_kind, import_files
from analytics.sources.recording import open_recording
from tests.analytics.sources.conftest import Import, Rows

TRADES = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
TRADE = "coinbase,AAA-USD,{},{},{},buy,10,1\n"


def _trades(count: int) -> str:
    return TRADES + "".join(TRADE.format(1760000000000000 + n, 1760000000100000 + n, n) for n in range(count))


def _refusal(take: Import, rows: Rows, kind: str, path: Path) -> str:
    """The one line, after checking that nothing of the file is in the lake."""
    report = take(kind, path)
    assert (report.rows, report.rejects, len(report.refused)) == (0, 0, 1)
    assert rows("SELECT count(*) FROM market.imports") == [(0,)]
    refusal = report.files[0].refusal
    assert refusal is not None
    assert "\n" not in refusal
    return refusal


def test_truncated_gz(take: Import, rows: Rows, tmp_path: Path) -> None:
    """A gz cut short is refused even where the cut falls between two rows, which a decompressor reads as a shorter file."""
    whole = gzip.compress(_trades(20_000).encode())
    path = tmp_path / "trades.csv.gz"
    for cut in (len(whole) // 2, len(whole) - 4, len(whole) - 9):
        path.write_bytes(whole[:cut])
        assert _refusal(take, rows, "tardis_trades", path) == "the gz file is cut short: download or copy it again"


def test_damaged_gz(take: Import, rows: Rows, tmp_path: Path) -> None:
    """A flipped byte is found by the check sum."""
    whole = bytearray(gzip.compress(_trades(20_000).encode()))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "trades.csv.gz"
    path.write_bytes(whole)
    assert _refusal(take, rows, "tardis_trades", path).startswith("the gz file is damaged (")


def test_gz_of_several_members_is_whole(take: Import, tmp_path: Path) -> None:
    """Concatenated gz files are one file."""
    text = _trades(4)
    path = tmp_path / "trades.csv.gz"
    path.write_bytes(gzip.compress(text[:80].encode()) + gzip.compress(text[80:].encode()))
    assert take("tardis_trades", path).rows == 4


def test_a_gz_that_inflates_a_thousandfold_is_whole(tmp_path: Path) -> None:
    """Checked in pieces: what is left inside the decompressor at the end of the input is not a missing end."""
    path = tmp_path / "zeros.gz"
    path.write_bytes(gzip.compress(b"0\n" * (1 << 23)))
    assert open_recording(path, lambda size: None).compressed


def test_wrong_column_order_of_a_named_header(take: Import, rows: Rows, tmp_path: Path) -> None:
    """The names tell: nothing is guessed."""
    path = tmp_path / "trades.csv"
    path.write_text(
        "exchange,symbol,timestamp,local_timestamp,id,side,amount,price\ncoinbase,AAA-USD,1760000000000000,1760000000100000,1,buy,1,10\n"
    )
    expected = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    assert (
        _refusal(take, rows, "tardis_trades", path) == f"is not a tardis_trades file: its columns are in another order, expected {expected}"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AAA,SELL,LIMIT,IOC,100,100,2.02,FILLED,40,2,1760000000123,200", "average price is far from the order price: wrong column order?"),
        ("AAA,SELL,LIMIT,IOC,100,2.0,2.02,FILLED,40,200,1760000000123,100", "usd is not price x filled quantity: wrong column order?"),
        ("AAA,SELL,LIMIT,IOC,100,2.0,2.02,FILLED,40,100,1760000000,200", "trade time is not in Unix milliseconds"),
        ("AAA,SELL,LIMIT,IOC,100,2.0,nan,FILLED,40,100,1760000000123,200", "average price is not a number"),
    ],
)
def test_wrong_column_order_without_a_header(take: Import, rows: Rows, tmp_path: Path, row: str, reason: str) -> None:
    """Without names the figures must agree with each other."""
    path = tmp_path / "orders.csv"
    path.write_text(row + "\n")
    assert _refusal(take, rows, "binance_force_orders", path) == f"1 of 1 rows cannot be read as binance_force_orders; line 1: {reason}"


def test_a_file_of_another_venue(take: Import, rows: Rows, handmade: Path) -> None:
    """The message says what the file is."""
    assert _refusal(take, rows, "okx_liquidations", handmade / "bybit.jsonl") == "is not a okx_liquidations file: it is bybit_liquidations"
    assert _refusal(take, rows, "binance_metrics", handmade / "tardis_coin_m.csv") == "is not a binance_metrics file: it is tardis_trades"
    refusal = _refusal(take, rows, "finm33150", handmade / "force_orders.csv")
    assert refusal == "is not a finm33150 file: it is binance_force_orders"


def test_frames_that_begin_late_are_found(take: Import, handmade: Path, tmp_path: Path) -> None:
    """A recording of all channels may hold its first liquidation far behind its beginning."""
    path = tmp_path / "all.jsonl"
    path.write_text('{"e":"aggTrade","s":"AAAUSDT","p":"1","q":"1"}\n' * 5000 + (handmade / "force_orders.jsonl").read_text())
    report = take("binance_force_orders", path)
    assert (report.rows, [(skip.reason, skip.count) for skip in report.files[0].skipped]) == (2, [("frame of aggTrade", 5001)])


def test_mixed_time_zones(take: Import, rows: Rows, handmade: Path, tmp_path: Path) -> None:
    """Stamps without an offset are UTC by the format's definition; beside stamps with one, nobody knows what they are."""
    depth = tmp_path / "AAAUSDT-bookDepth-2025-10-09.csv"
    text = (handmade / "AAAUSDT-bookDepth-2025-10-09.csv").read_text()
    depth.write_text(text.replace("2025-10-09 02:00:07,1", "2025-10-09T02:00:07Z,1"))
    assert _refusal(take, rows, "binance_book_depth", depth) == "mixed time zones: some stamps carry a UTC offset and some do not"
    metrics = tmp_path / "AAAUSDT-metrics-2025-10-09.csv"
    metrics.write_text((handmade / "AAAUSDT-metrics-2025-10-09.csv").read_text().replace("00:10:00", "00:10:00+02:00"))
    assert _refusal(take, rows, "binance_metrics", metrics) == "mixed time zones: some create_time carry a UTC offset and some do not"


def test_one_offset_everywhere_is_turned_into_utc(take: Import, rows: Rows, handmade: Path, tmp_path: Path) -> None:
    """An offset on every stamp is no doubt but a conversion."""
    metrics = tmp_path / "AAAUSDT-metrics-2025-10-09.csv"
    text = (handmade / "AAAUSDT-metrics-2025-10-09.csv").read_text()
    metrics.write_text(text.replace("00:05:00", "00:05:00+02:00").replace("00:10:00", "00:10:00+02:00"))
    assert take("binance_metrics", metrics).rows == 2
    assert rows("SELECT min(exchange_time)::VARCHAR FROM market.open_interest") == [("2025-10-08 22:05:00",)]


def test_negative_sizes_are_rejected_and_the_rest_taken(take: Import, rows: Rows, tmp_path: Path) -> None:
    """A minority of bad rows does not cost the file."""
    path = tmp_path / "trades.csv"
    path.write_text(_trades(3) + "coinbase,AAA-USD,1760000000000009,1760000000100009,9,buy,10,-1\n")
    report = take("tardis_trades", path)
    assert (report.rows, report.rejects) == (3, 1)
    rejects = "SELECT kind, source_file, line, reason, raw_text FROM market.rejects"
    source = f"{tmp_path.name}/trades.csv"
    text = "coinbase,AAA-USD,1760000000000009,1760000000100009,9,buy,10,-1"
    assert rows(rejects) == [("tardis_trades", source, 5, "amount is not positive: -1.0", text)]


def test_a_file_with_a_header_only_is_an_empty_result_with_its_reason(take: Import, rows: Rows, tmp_path: Path) -> None:
    """No rows is not an error."""
    path = tmp_path / "trades.csv"
    path.write_text(TRADES)
    report = take("tardis_trades", path)
    assert (report.rows, report.files[0].notes, report.refused) == (0, ("no rows of this kind in the file",), ())
    assert rows("SELECT rows, notes FROM market.imports") == [(0, "no rows of this kind in the file")]


def test_empty_missing_and_binary_files(take: Import, rows: Rows, tmp_path: Path) -> None:
    """One line each."""
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert _refusal(take, rows, "tardis_trades", empty) == "the file is empty"
    assert _refusal(take, rows, "tardis_trades", tmp_path / "none.csv") == "cannot be read: No such file or directory"
    assert _refusal(take, rows, "tardis_trades", tmp_path) == "cannot be read: Is a directory"
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\r\n\xff\xfe")
    assert _refusal(take, rows, "tardis_trades", binary) == "is neither UTF-8 text, gz nor Parquet"
    latin = tmp_path / "latin.csv"
    latin.write_bytes(_trades(5000).encode() + "coinbase,CAFÉ-USD,1,1,1,buy,1,1\n".encode("latin-1"))
    assert _refusal(take, rows, "tardis_trades", latin) == "is not UTF-8 text"


def test_truncated_parquet(take: Import, rows: Rows, tmp_path: Path) -> None:
    """Parquet keeps its table of contents at the end."""
    path = tmp_path / "funding.parquet"
    pq.write_table(pa.table({"timestamp": [1], "venue": ["binance"], "coin": ["AAA"], "funding_rate": [0.1]}), path)
    path.write_bytes(path.read_bytes()[:-20])
    assert _refusal(take, rows, "finm33150", path).startswith("the Parquet file is damaged or cut short (")


def test_candles_with_columns_swapped(take: Import, rows: Rows, tmp_path: Path) -> None:
    """High below low is no candle."""
    path = tmp_path / "candles.parquet"
    stamps = pa.array([1760000400000000], pa.timestamp("us", "UTC"))
    columns = {"timestamp": stamps, "venue": ["binance"], "coin": ["AAA"], "o": [2.0], "h": [1.0], "l": [3.0], "c": [2.0], "v": [1.0]}
    pq.write_table(pa.table(columns), path)
    reason = "1 of 1 rows cannot be read as finm33150; line 1: prices are outside of low and high: wrong column order?"
    assert _refusal(take, rows, "finm33150", path) == reason


def test_one_bad_file_does_not_stop_the_others(take: Import, tmp_path: Path) -> None:
    """Files are independent."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(_trades(2))
    bad.write_text("nothing\n")
    report = take("tardis_trades", bad, good)
    assert (report.rows, [file.path for file in report.refused]) == (2, [bad])


def test_the_same_rows_in_another_file_are_duplicates(take: Import, rows: Rows, tmp_path: Path) -> None:
    """Overlapping downloads: the hash differs, the rows do not."""
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(_trades(5))
    second.write_text(_trades(8))
    take("tardis_trades", first)
    report = take("tardis_trades", second)
    assert (report.rows, report.duplicates) == (3, 5)
    assert rows("SELECT count(*), count(DISTINCT trade_id) FROM market.trades") == [(8, 8)]


def test_a_failed_write_leaves_nothing(lake: duckdb.DuckDBPyConnection, rows: Rows, tmp_path: Path) -> None:
    """Rows, rejects and the import's record are one transaction; the lake's own errors pass through."""
    path = tmp_path / "trades.csv"
    path.write_text(_trades(3))
    lake.execute("ALTER TABLE market.imports RENAME TO elsewhere; CREATE VIEW market.imports AS FROM market.elsewhere")
    with pytest.raises(duckdb.Error):
        import_files(lake, "tardis_trades", [path], Silent())
    assert rows("SELECT count(*) FROM market.trades") == [(0,)]


def test_unknown_kinds_and_files(lake: duckdb.DuckDBPyConnection, handmade: Path, tmp_path: Path) -> None:
    """The kind is named or found; neither is guessed."""
    with pytest.raises(Refusal, match="unknown kind 'ftx'; known kinds: keeper, binance_force_orders"):
        import_files(lake, "ftx", [], Silent())
    readme = tmp_path / "README.md"
    readme.write_text("# notes\n")
    with pytest.raises(Refusal, match="is of no kind known here"):
        detect_kind(readme)
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text((handmade / "bybit.jsonl").read_text() + (handmade / "okx.jsonl").read_text())
    with pytest.raises(Refusal, match="holds bybit_liquidations and okx_liquidations: import it once as each"):
        detect_kind(mixed)


def test_every_handmade_recording_is_recognised(handmade: Path) -> None:
    """No two kinds claim the same file, and every kind that reads files has one here."""
    found = {detect_kind(path) for path in handmade.iterdir()}
    assert found | {"finm33150"} == set(KINDS) - {"keeper"}
