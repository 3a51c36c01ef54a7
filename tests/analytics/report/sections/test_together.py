"""The section draws three bars a pair, and says in words what moved together."""

from pathlib import Path

from analytics.answers.asked_for import range_of
from analytics.lake import open_lake, open_market
from analytics.report.scope import subject
from analytics.report.sections.together import section
from analytics.sources import Silent, import_files


def test_the_day_of_the_crash(shared_data: Path, tmp_path: Path) -> None:
    """Ten pairs of five coins, of which six are drawn."""
    with open_market(tmp_path) as lake:
        import_files(lake, "finm33150", [shared_data / "crossvenue_finm33150" / "candles.parquet"], Silent())
    with open_lake(tmp_path) as lake:
        made = section(subject(lake, range_of("2025-10-10T12:00/2025-10-11T12:00"), "the crash"))
    (chart,), (shown,) = made.charts, made.grids
    assert len(chart.figure.get_axes()[0].patches) == 18
    assert "24 stressed in 2025-10-10 12:00:00 to 2025-10-11 12:00:00 UTC, 719 calm of up to 30 days before; exact" in chart.caption
    assert made.lead == ("4 of 10 pairs moved together more closely than in calm times, 0 once the rise of variance is taken out.")
    assert (len(shown.rows), "co-liquidation lift" in shown.headers) == (10, False)


def test_lift_without_prices(shared_data: Path, tmp_path: Path) -> None:
    """Fills are the only prices: no chart, the lift in words."""
    recording = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    with open_market(tmp_path) as lake:
        import_files(lake, "binance_force_orders", [recording], Silent())
    with open_lake(tmp_path) as lake:
        made = section(subject(lake, range_of("2025-12-11T01:36/2025-12-11T03:19"), "the cascade"))
    assert made.charts == ()
    assert made.lead.startswith("Liquidated in the same minute most beyond chance: XRP and DOGE, 2.50 times")


def test_nothing_has_a_reason(nothing: Path) -> None:
    with open_lake(nothing) as lake:
        made = section(subject(lake, range_of("2025-01-01/2025-01-02"), "a day"))
    assert made.reason.startswith("a correlation needs two assets with prices")
