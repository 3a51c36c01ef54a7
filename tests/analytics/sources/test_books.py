"""Order books rebuilt from hand-made recordings."""

from pathlib import Path

import pytest

from analytics.sources import Refusal
from analytics.sources.order_book import OrderBook
from tests.analytics.sources.conftest import Import, Rows


def test_binance_book_is_rebuilt_by_the_rules(take: Import, rows: Rows, handmade: Path) -> None:
    """Updates before the full book are dropped, the one straddling it applies, a hole ends the book, a crossed one is flagged."""
    report = take("binance_books", handmade / "binance_books.txt", book_cadence_ms=500)
    assert rows(
        "SELECT age_ms, bid_prices, bid_sizes, ask_prices, ask_sizes, flag, usable FROM market.book_snapshots ORDER BY receive_time"
    ) == [
        (420, [9.9], [7], [10.1, 10.2], [8, 3], None, True),
        (920, [9.9], [7], [10.1, 10.2], [8, 3], None, True),
        (1420, [9.9], [7], [10.1, 10.2], [8, 3], "stale", False),
        (1920, [9.9], [7], [10.1, 10.2], [8, 3], "stale", False),
        (2420, [9.9], [7], [10.1, 10.2], [8, 3], "stale", False),
        (500, [10.1, 9.9], [1, 7], [10.1, 10.2], [8, 3], "crossed", False),
    ]
    clock = "SELECT epoch_ms(exchange_time), epoch_ms(receive_time) FROM market.book_snapshots ORDER BY receive_time LIMIT 1"
    assert rows(clock) == [(1760000001450, 1760000000500)]
    assert report.files[0].notes == (
        "the recorder's clock is 950 to 1000 ms behind the exchange's: receive times are not comparable between recordings",
        "1 holes in the book updates, each up to the next full book",
    )


def test_depth_of_a_rebuilt_book_is_flagged_beyond_what_was_recorded(take: Import, rows: Rows, handmade: Path) -> None:
    """The full book ended at 9.8 and 10.2 around a mid of 10: bands wider than 200 bps are lower bounds, not depth."""
    take("binance_books", handmade / "binance_books.txt")
    moment = "epoch_ms(receive_time) = 1760000001000"
    depth = "SELECT band_bps, base, notional_usd, flag FROM market.depth WHERE side = '{}' AND " + moment + " ORDER BY 1"
    assert rows(depth.format("ask"))[3:] == [
        (100, 8, pytest.approx(80.8), None),
        (200, 11, pytest.approx(111.4), None),
        (400, 11, pytest.approx(111.4), "beyond recorded levels"),
    ]
    assert rows(depth.format("bid"))[2:4] == [(50, 0, 0, None), (100, 7, pytest.approx(69.3), None)]


def test_trades_come_along_and_a_trade_of_nothing_is_rejected(take: Import, rows: Rows, handmade: Path) -> None:
    """The buyer was the maker: a sell. Size zero is no trade."""
    report = take("binance_books", handmade / "binance_books.txt")
    assert rows("SELECT trade_id, side, price, base, epoch_us(receive_time) FROM market.trades") == [
        ("77", "buy", 10.1, 2, 1760000000090000)
    ]
    assert rows("SELECT line, reason FROM market.rejects") == [(9, "size is not positive: 0.0")]
    assert [(skip.reason, skip.count) for skip in report.files[0].skipped] == [("bookTicker message", 1)]


def test_hyperliquid_books(take: Import, rows: Rows, handmade: Path) -> None:
    """Each message is the whole book, so a level that is gone is gone."""
    take("hyperliquid_books", handmade / "hyperliquid_books.txt", book_cadence_ms=100)
    first, last = rows("SELECT bid_prices, ask_prices, bid_floor, ask_ceiling FROM market.book_snapshots ORDER BY receive_time")[::11]
    assert first == ([9.9, 9.8], [10.1, 10.3], 9.8, 10.3)
    assert last == ([9.9, 9.8], [10.1, 10.3], 9.8, 10.3)
    assert rows("SELECT trade_id, side, base FROM market.trades ORDER BY 1") == [("5", "buy", 2), ("6", "sell", 1)]


def test_a_negative_level_refuses_the_recording(take: Import, handmade: Path, tmp_path: Path) -> None:
    """A book with a negative level is wrong from there on, so nothing of it is taken."""
    path = tmp_path / "negative.txt"
    path.write_text((handmade / "binance_books.txt").read_text().replace('"10.1","8"', '"10.1","-8"'))
    assert take("binance_books", path).files[0].refusal == "an order book level at 10.1 has size -8.0, which is not positive"


def test_ladder_of_an_empty_side_is_none() -> None:
    """A book without asks has no mid."""
    book = OrderBook()
    book.replace([(9.0, 1.0)], [])
    assert book.ladder(400) is None
    with pytest.raises(Refusal, match="size -1"):
        book.update([], [(10.0, -1.0)])
