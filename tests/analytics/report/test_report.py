"""The report: one file that needs nothing else, every section there, numbers of a cascade of known size, reasons where nothing is known."""

import re
from pathlib import Path

import pytest

from analytics.answers.asked_for import asked_for
from analytics.lake import open_lake
from analytics.models.episodes import EpisodeRules
from analytics.report import Report, write_report
from analytics.report.page import page
from analytics.report.section import Grid, Section
from tests.analytics.report.cascade_lake import PREDICTED, REALISED

SECTIONS = (
    "What was liquidated",
    "Price and liquidations",
    "Cumulative liquidations by venue",
    "The liquidation map and what it foresaw",
    "Episodes and waves",
    "Could it carry itself, and how far did it?",
    "Is the leverage gone?",
    "Do assets fall together",
    "Depth and slippage by venue",
    "What fragmentation costs",
    "Liquidity by hour of the day",
    "Who moved first",
    "Who liquidated",
    "What was missed and why",
    "Who paid for the deficits",
    "Data quality",
)


def make(directory: Path, out: Path) -> Report:
    """The report of everything."""
    with open_lake(directory) as lake:
        return write_report(lake, asked_for(lake, "all"), out)


def titled(report: Report, title: str) -> Section:
    """The section of that title."""
    return next(section for section in report.sections if section.title == title)


@pytest.fixture(scope="module")
def made(cascade: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of the cascade."""
    return make(cascade, tmp_path_factory.mktemp("report"))


def test_it_is_one_file_that_needs_no_network(made: Report) -> None:
    html = made.html.read_text("utf-8")
    assert not re.findall(r"<(?:script|link|iframe|img|object)\b", html)
    assert not re.findall(r"@import|url\(\s*['\"]?(?!#)", html)
    assert all(reference.startswith("#") for reference in re.findall(r"""(?:href|src)=["']([^"']*)""", html))
    assert 'name="viewport"' in html
    assert html.count("<svg ") == sum(len(section.charts) for section in made.sections)


def test_every_section_is_there_and_every_chart_is_a_png(made: Report) -> None:
    assert tuple(section.title for section in made.sections) == SECTIONS
    charts = [chart for section in made.sections for chart in section.charts]
    assert {image.read_bytes()[:8] for image in made.images} == {b"\x89PNG\r\n\x1a\n"}
    assert len(made.images) == len({image.name for image in made.images}) == len(charts)
    names = {chart.name for chart in charts}
    assert {
        "price_ETH",
        "cumulative",
        "map_ETH",
        "map_skill",
        "gain_ETH",
        "open_interest_ETH",
        "depth_ETH",
        "slippage_ETH",
        "fragmentation_ETH",
    } <= names
    assert {"keepers", "missed"} <= names


def test_every_axis_names_what_it_shows(made: Report) -> None:
    for chart in (chart for section in made.sections for chart in section.charts):
        axes = chart.figure.get_axes()
        assert all(one.get_ylabel() or chart.name in ("keepers", "missed") for one in axes), chart.name
        assert any(one.get_xlabel() for one in axes) or chart.name in ("map_skill", "fragmentation_ETH"), chart.name
        assert re.search(r"\d", chart.caption), chart.name


def test_the_map_before_the_shock_against_what_was_then_liquidated(made: Report) -> None:
    section = titled(made, "The liquidation map and what it foresaw")
    longs, shorts = section.tables["map_skill"].to_pylist()
    assert (longs["predicted_usd"], longs["realised_usd"], longs["realised_n"]) == (PREDICTED, REALISED, 2)
    assert (longs["mark_usd"], longs["extreme_usd"]) == (100.0, 80.0)
    assert (shorts["predicted_usd"], shorts["realised_usd"], shorts["extreme_usd"]) == (0.0, 0.0, 100.0)
    assert "held 30,000 USD (0 USD with all markets moving together); 27,800 USD were then liquidated" in section.lead


def test_the_verdict_has_its_three_numbers(made: Report) -> None:
    (row,) = titled(made, "Is the leverage gone?").tables["regime"].to_pylist()
    assert (row["open_interest_before"], row["open_interest_lowest"]) == (700.0, 400.0)
    assert row["flush"] == pytest.approx(3 / 7)
    assert row["funding_after_8h"] == pytest.approx(0.0001)
    assert row["verdict"] == "not known"
    assert "open interest fell 42.9% (yes: 10% wanted)" in titled(made, "Is the leverage gone?").lead
    assert "not recorded for a day after" in titled(made, "Is the leverage gone?").lead


def test_who_and_missed(made: Report) -> None:
    keepers = {row["liquidator"]: row for row in titled(made, "Who liquidated").tables["keepers"].to_pylist()}
    assert (keepers["0xkeeper"]["n"], keepers["0xrival"]["n"], keepers["0xrival"]["latency_blocks_p50"]) == (1, 1, 5)
    missed = {row["account"]: row for row in titled(made, "What was missed and why").tables["missed"].to_pylist()}
    assert {name: row["reason"] for name, row in missed.items()} == {"two": "unprofitable", "left": "late"}
    assert (missed["two"]["liquidator"], missed["two"]["first_seen_block"], missed["left"]["liquidator"]) == ("0xrival", 20, None)
    assert titled(made, "What was missed and why").lead == "2 missed: 1 unprofitable, 1 late."


def test_quality_names_rejects_and_flags(made: Report) -> None:
    found = {row["topic"]: row for row in titled(made, "Data quality").tables["quality"].to_pylist()}
    assert found["reject"]["finding"] == "size is negative; first at line 7: ETH,-1"
    assert "1 snapshots flagged 'inverted' and not used" in found["flagged"]["finding"]
    assert found["gap"]["finding"].startswith("longest silence 20 s")


def test_sections_without_records_say_why(nothing: Path, tmp_path: Path) -> None:
    made = make(nothing, tmp_path)
    assert tuple(section.title for section in made.sections) == SECTIONS
    assert all(section.reason for section in made.sections)
    assert made.html.read_text("utf-8").count("Nothing to show: ") == len(SECTIONS)
    assert made.images == ()


def test_text_of_a_recording_cannot_break_the_page() -> None:
    """A reject shows a line of somebody's file."""
    cells = Grid("<b>", ("<i>",), (("<script>alert(1)</script>",),), frozenset())
    html = page("<u>", "<s>", [Section("<h9>", lead="<p9>", grids=(cells,), notes=("<n9>",), reason="<r9>")], {}, "<m9>")
    assert not re.findall(r"<(?:script>|b>|i>|u>|s>|h9|p9|n9|r9|m9)", html)
    assert "&lt;script&gt;" in html


def test_a_small_market_is_told_by_its_own_floors(cascade: Path, tmp_path: Path) -> None:
    """The usual ones are made for markets of billions."""
    with open_lake(cascade) as lake:
        usual = write_report(lake, asked_for(lake, "all"), tmp_path / "usual")
        small = write_report(
            lake, asked_for(lake, "all", EpisodeRules(minute_floor_usd=1_000, total_floor_usd=5_000, start_minutes=1)), tmp_path / "small"
        )
    assert [titled(made, "Episodes and waves").tables["episodes"].num_rows for made in (usual, small)] == [0, 1]
