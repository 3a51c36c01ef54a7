"""The section draws a curve a pair and claims a leader only where the interval leaves out 0."""

from pathlib import Path

import pytest

from analytics.answers.asked_for import range_of
from analytics.lake import open_lake, open_market
from analytics.report.scope import subject
from analytics.report.section import Section
from analytics.report.sections.leaders import section
from analytics.sources import Silent, import_files


@pytest.fixture
def made(shared_data: Path, tmp_path: Path) -> Section:
    """Of the crash of 10 October 2025 on three markets of WIF."""
    markets = ("binance-delivery_trades_2025-10-10_WIFUSD_PERP", "coinbase_trades_2025-10-10_WIF-USD", "gemini_trades_2025-10-10_WIFUSD")
    with open_market(tmp_path) as lake:
        import_files(lake, "tardis_trades", [shared_data / "oct10_trades_depth" / f"{name}.csv.gz" for name in markets], Silent())
    with open_lake(tmp_path) as lake:
        return section(subject(lake, range_of("2025-10-10T20:45/2025-10-10T22:00"), "the crash"))


def test_three_curves_and_no_leader(made: Section) -> None:
    (chart,), (shown,) = made.charts, made.grids
    assert chart.name == "leaders_WIF"
    (axes,) = chart.figure.get_axes()
    assert [len(line.get_xdata()) for line in axes.get_lines()] == [201, 1, 201, 1, 201, 1, 2]  # type: ignore[arg-type]  # arrays here
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lag in s; right of 0 the first named leads", "correlation at the lag")
    assert "n 2,536, 398, 645, exact, 2025-10-10 20:45:00 to 2025-10-10 22:00:00 UTC" in chart.caption
    assert made.lead == "In none of 3 pairs of markets is one known to have led."
    assert len(shown.rows) == 3
    assert "WIF binance_coinm WIFUSD_PERP: the last 20,000 of 25,530 times" in made.notes


def test_nothing_has_a_reason(cascade: Path) -> None:
    with open_lake(cascade) as lake:
        found = section(subject(lake, range_of("2025-03-21/2025-03-22"), "the cascade"))
    assert found.reason.startswith("no two markets of one asset")
    assert not found.charts
