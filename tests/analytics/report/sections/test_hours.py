"""The section draws depth by hour where enough hours are recorded, and names best and worst."""

from pathlib import Path

from analytics.answers.asked_for import range_of
from analytics.lake import open_lake, open_market
from analytics.report.scope import subject
from analytics.report.sections.hours import section
from analytics.sources import Silent, import_files


def test_hours_of_10_october_2025(shared_data: Path, tmp_path: Path) -> None:
    """Sixteen hours of one Friday: a chart, no interval."""
    with open_market(tmp_path) as lake:
        import_files(lake, "binance_book_depth", [shared_data / "oct10_trades_depth" / "BTCUSDT-bookDepth-2025-10-10.csv"], Silent())
    with open_lake(tmp_path) as lake:
        made = section(subject(lake, range_of("2025-10-10/2025-10-11"), "the day"))
    (chart,), (shown,) = made.charts, made.grids
    assert chart.name == "hours_BTC"
    assert "1,841 usable snapshots, exact, 2025-10-10 00:00:00 to 2025-10-11 00:00:00 UTC" in chart.caption
    (axes,) = chart.figure.get_axes()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("hour of the day, UTC", "median USD, both sides")
    assert "deepest in the hour from 10:00 UTC (599M USD within 100 bps, both sides), thinnest from 15:00 (372M USD)" in made.lead
    (row,) = (dict(zip(shown.headers, cells, strict=True)) for cells in shown.rows)
    assert (row["hours"], row["best hour UTC"], row["worst hour UTC"], row["largest/smallest"]) == ("16", "10", "15", "1.609")


def test_few_hours_draw_nothing(cascade: Path) -> None:
    """One hour of depth and spread: a line each in the grid, no chart, no best hour."""
    with open_lake(cascade) as lake:
        made = section(subject(lake, range_of("2025-03-21/2025-03-22"), "the cascade"))
    assert (made.charts, made.lead) == ((), "")
    (shown,) = made.grids
    assert "best hour UTC" not in shown.headers
    assert {row[shown.headers.index("note")] for row in shown.rows} == {"1 of 24 hours recorded: no ratio"}


def test_nothing_has_a_reason(nothing: Path) -> None:
    with open_lake(nothing) as lake:
        made = section(subject(lake, range_of("2025-01-01/2025-01-02"), "a day"))
    assert made.reason.startswith("no usable order books nor pools in 2025-01-01")
