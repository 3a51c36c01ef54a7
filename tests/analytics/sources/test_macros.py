"""What the importers share in SQL: names of markets, numbers, times."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import analytics.sources


@pytest.fixture
def macros(lake: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A connection that knows the macros."""
    lake.execute((Path(analytics.sources.__file__).parent / "macros.sql").read_text())
    return lake


def _value(connection: duckdb.DuckDBPyConnection, expression: str, *values: object) -> Any:
    return connection.execute(f"SELECT {expression}", list(values)).fetchall()[0][0]


@pytest.mark.parametrize(
    ("market", "token", "scale", "quote", "suffix"),
    [
        ("BTCUSDT", "BTC", 1, "USDT", ""),
        ("BTCUSDT-29NOV24", "BTC", 1, "USDT", "-29NOV24"),
        ("BTCUSDZ24", "BTC", 1, "USD", "Z24"),
        ("ARBUSD", "ARB", 1, "USD", ""),
        ("AAVEUSD_PERP", "AAVE", 1, "USD", "_PERP"),
        ("AAVE-USD", "AAVE", 1, "USD", ""),
        ("BNB-USD", "BNB", 1, "USD", ""),
        ("BTC-USDT-SWAP", "BTC", 1, "USDT", "-SWAP"),
        ("PF_XBTUSD", "BTC", 1, "USD", ""),
        ("1000PEPEUSDC", "PEPE", 1e3, "USDC", ""),
        ("10000LADYSUSDT", "LADYS", 1e4, "USDT", ""),
        ("1000000MOGUSDT", "MOG", 1e6, "USDT", ""),
        ("1MBABYDOGEUSDT", "BABYDOGE", 1e6, "USDT", ""),
        ("SHIB1000USDT", "SHIB", 1e3, "USDT", ""),
        ("1INCHUSDT", "1INCH", 1, "USDT", ""),
        ("币安人生USDT", "币安人生", 1, "USDT", ""),
        ("ETHBTC", "ETH", 1, "BTC", ""),
        ("BTC-29NOV24", "", 1, "", ""),
    ],
)
def test_market_names(macros: duckdb.DuckDBPyConnection, market: str, token: str, scale: float, quote: str, suffix: str) -> None:
    """The venues' ways of writing a contract; a market without a quote is not guessed."""
    found = _value(macros, "instrument_of(?)", market)
    assert (found["quote"], found["suffix"]) == (quote, suffix)
    assert _value(macros, "token_of(?)", found["base"]) == token
    assert _value(macros, "scale_of(?)", found["base"]) == scale


def test_binance_quotes_that_no_other_venue_has(macros: duckdb.DuckDBPyConnection) -> None:
    """BTCBUSD is Bitcoin in BUSD on Binance, where nothing is quoted in plain USD."""
    assert _value(macros, "binance_instrument_of('BTCBUSD')")["base"] == "BTC"
    assert _value(macros, "binance_instrument_of('PUMPBTCUSDT')")["base"] == "PUMPBTC"
    assert _value(macros, "binance_instrument_of('BTCUSDT_261225')") == {"base": "BTC", "quote": "USDT", "suffix": "_261225"}


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", 1.5), ("-2", -2), ("1e3", 1000), ("nan", None), ("inf", None), ("", None), ("x", None)]
)
def test_numbers_are_finite(macros: duckdb.DuckDBPyConnection, text: str, number: float | None) -> None:
    """NaN is a number to DuckDB, and greater than any."""
    assert _value(macros, "decimal_of(?)", text) == number


@pytest.mark.parametrize(
    ("expression", "value", "time"),
    [
        ("time_of_ms(?)", "1760000000123", datetime(2025, 10, 9, 8, 53, 20, 123000)),  # noqa: DTZ001 the lake's UTC
        ("time_of_ms(?)", "1760000000", None),
        ("time_of_ms(?)", "1760000000123456", None),
        ("time_of_us(?)", "1760000000123456", datetime(2025, 10, 9, 8, 53, 20, 123456)),  # noqa: DTZ001 the lake's UTC
        ("time_of_us(?)", "1760000000123", None),
        ("time_of_text(?)", "2025-10-09T08:53:20.123456789", datetime(2025, 10, 9, 8, 53, 20, 123456)),  # noqa: DTZ001 the lake's UTC
        ("time_of_text(?)", "2025-10-09T08:53:20Z", datetime(2025, 10, 9, 8, 53, 20)),  # noqa: DTZ001 the lake's UTC
        ("time_of_text(?)", "2025-10-09 10:53:20+02:00", datetime(2025, 10, 9, 8, 53, 20)),  # noqa: DTZ001 the lake's UTC
        ("time_of_text(?)", "yesterday", None),
    ],
)
def test_times_are_utc_and_their_unit_is_checked(
    macros: duckdb.DuckDBPyConnection, expression: str, value: str, time: datetime | None
) -> None:
    """Milliseconds read as microseconds would be January 1970: outside of 2009 to 2100 there is no time. The session's zone has no say."""
    macros.execute("SET TimeZone = 'Asia/Tokyo'")
    assert _value(macros, expression, value) == time
