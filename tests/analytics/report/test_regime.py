"""The verdict after a flush: "leverage removed" only when all three numbers say so; and signals that never look ahead."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import analytics
from analytics.answers.window import Window
from analytics.lake import open_market

_WHERE = """'v' AS venue, 'BTC' AS market, 'BTC' AS underlying, 'ms' AS time_resolution, 'exact' AS quality, 'test' AS source,
    'test' AS source_file"""
_START = "TIMESTAMP '2025-01-01'"
_EVENT = Window(datetime(2025, 2, 10, tzinfo=UTC), datetime(2025, 2, 10, 2, tzinfo=UTC))
"""Hours 960 and 961 of the recording, which runs for 1,000 hours."""

_LIQUIDATIONS = """
INSERT INTO market.liquidations BY NAME
SELECT {where}, 'e' || i AS event_id, {start} + to_hours(i) AS exchange_time, 'long' AS side, 1.0 AS base,
    100.0 AS fill_price, CASE WHEN i IN (960, 961) THEN 5e5 WHEN i > 961 THEN {after} ELSE 100.0 END AS notional_usd,
    'fill' AS price_basis, 'book' AS method, 'trader' AS stage
FROM range(1000) AS r(i)
"""
_OPEN_INTEREST = """
INSERT INTO market.open_interest BY NAME
SELECT {where}, {start} + to_hours(i) + INTERVAL 1 MINUTE AS exchange_time,
    CASE WHEN i < 960 THEN 1000.0 ELSE {lowest} END AS base, base * 100 AS notional_usd
FROM range(1000) AS r(i)
"""
_FUNDING = """
INSERT INTO market.funding BY NAME
SELECT {where}, {start} + to_hours(8 * i) AS exchange_time,
    CASE WHEN i > 120 THEN {rate} ELSE 1e-4 * (i % 3) END AS rate, 8.0 AS period_hours, rate AS rate_8h
FROM range(125) AS r(i)
"""
_CANDLES = """
INSERT INTO market.candles BY NAME
SELECT {where}, {start} + to_hours(i) AS exchange_time, 3600 AS interval_seconds, price AS open, price + 1 AS high, price - 1 AS low,
    price AS close, 1.0 + i % 5 AS volume_base
FROM (SELECT i, 100 + 10 * sin(i / 9) + i / 20 AS price FROM range({count}) AS r(i))
"""


def fill(directory: Path, *statements: str, **values: object) -> None:
    """Run statements with their values."""
    with open_market(directory) as lake:
        for statement in statements:
            lake.execute(statement.format(where=_WHERE, start=_START, **values))


@pytest.mark.parametrize(
    ("lowest", "rate", "after", "verdict"),
    [
        (700.0, 1e-4, 10.0, "leverage removed"),
        (950.0, 1e-4, 10.0, "fragility remains"),
        (700.0, 1e-3, 10.0, "fragility remains"),
        (700.0, 1e-4, 1e4, "fragility remains"),
    ],
    ids=["all three", "open interest stayed", "funding extreme", "liquidations go on"],
)
def test_the_verdict_needs_all_three(tmp_path: Path, lowest: float, rate: float, after: float, verdict: str) -> None:
    fill(tmp_path, _LIQUIDATIONS, _OPEN_INTEREST, _FUNDING, lowest=lowest, rate=rate, after=after)
    with analytics.open(tmp_path) as lake:
        (row,) = analytics.regime(lake, _EVENT).to_pylist()
    assert row["verdict"] == verdict
    assert row["flush"] == pytest.approx(1 - lowest / 1000)
    assert row["liquidated_after"] == pytest.approx(after * 24 / 24 / 100_000)
    assert row["liquidated_p75"] == pytest.approx(100 / 100_000)
    assert row["in_words"].count(";") == 2
    assert row["forced_share"] == pytest.approx(2 / (1000 - lowest))


def test_funding_is_reset_eight_hours_after_its_extreme(tmp_path: Path) -> None:
    """One settlement at five times the usual, then three at the mean of those before."""
    fill(tmp_path, _LIQUIDATIONS, _OPEN_INTEREST, _FUNDING, lowest=700.0, rate="CASE WHEN i = 121 THEN 5e-4 ELSE 1e-4 END", after=10.0)
    with analytics.open(tmp_path) as lake:
        (row,) = analytics.regime(lake, _EVENT).to_pylist()
        (before,) = analytics.regime(lake, Window(datetime(2025, 2, 9, tzinfo=UTC), datetime(2025, 2, 9, 2, tzinfo=UTC))).to_pylist()
    assert row["funding_reset_h"] == 8
    assert before["funding_reset_h"] == 8


def test_the_treadmill_flushes_and_resets(tmp_path: Path) -> None:
    """Two hours of liquidations and 30 % of the open interest gone: flushing from the second hour. Reset once funding, settled low in the
    flush, is normal again eight hours later."""
    fill(tmp_path, _LIQUIDATIONS, _OPEN_INTEREST, _FUNDING, lowest=700.0, rate=1e-4, after=10.0)
    with analytics.open(tmp_path) as lake:
        found = analytics.treadmill(lake, "BTC")
        earlier = analytics.treadmill(lake, "BTC", datetime(2025, 2, 10, 3, tzinfo=UTC))
        assert analytics.reason_of(analytics.treadmill(lake, "ETH")) == "no open interest of ETH in base units"
        too_early = analytics.treadmill(lake, "BTC", datetime(2025, 1, 10, tzinfo=UTC))
    states = {row["hour"]: row["state"] for row in found.to_pylist()}
    at = datetime(2025, 2, 10)  # noqa: DTZ001 lake times carry no offset
    assert len(states) == 168
    shown = {hour: states[at + timedelta(hours=hour)] for hour in (-1, 0, 1, 5, 12)}
    assert shown == {-1: "neutral", 0: "neutral", 1: "flushing", 5: "neutral", 12: "reset"}
    assert earlier.to_pylist()[-1]["state"] == states[at + timedelta(hours=2)] == "flushing"
    assert "at least 100 known hours" in analytics.reason_of(too_early)


def test_signals_do_not_look_ahead(tmp_path: Path) -> None:
    """The same moment asked before and after another hundred hours were recorded."""
    moment = datetime(2025, 1, 5, 5, tzinfo=UTC)
    fill(tmp_path, _CANDLES, count=101)
    with analytics.open(tmp_path) as lake:
        before = analytics.signals(lake, "BTC", moment).to_pylist()
    with open_market(tmp_path) as lake:
        lake.execute("DELETE FROM market.candles")
    fill(tmp_path, _CANDLES, count=201)
    with analytics.open(tmp_path) as lake:
        assert analytics.signals(lake, "BTC", moment).to_pylist() == before
        assert analytics.signals(lake, "BTC").to_pylist() != before
    conditions = {(row["signal"], row["condition"]): row for row in before}
    assert conditions["squeeze exhaustion", "RSI above 70"]["value"] is not None
    assert conditions["squeeze entry", "short liquidations up"]["holds"] is None
    assert {row["at"] for row in before} == {datetime(2025, 1, 5, 4)}  # noqa: DTZ001 lake times carry no offset
