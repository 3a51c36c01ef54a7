"""The report on one venue name on two chains: no chart stands for both where it is about one, and words say which."""

from pathlib import Path

import pytest

from analytics.answers.asked_for import asked_for
from analytics.lake import open_lake
from analytics.report import Report, write_report
from analytics.report.section import Section
from tests.analytics.two_chains import LABELS


@pytest.fixture(scope="module")
def report(two_chains: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of everything."""
    with open_lake(two_chains) as lake:
        return write_report(lake, asked_for(lake, "all"), tmp_path_factory.mktemp("report"))


def titled(report: Report, title: str) -> Section:
    """The section of that title."""
    return next(section for section in report.sections if section.title == title)


def legend_of(section: Section, chart: str) -> list[str]:
    """What the first axes of a chart name."""
    (axes, *_) = next(one for one in section.charts if one.name == chart).figure.axes
    return list(axes.get_legend_handles_labels()[1])


def test_every_chart_has_a_file_of_its_own(report: Report) -> None:
    charts = [chart.name for section in report.sections for chart in section.charts]
    assert len({image.name for image in report.images}) == len(charts)
    assert {f"map_ETH of {label}" for label in LABELS} <= set(charts)


def test_curves_are_named_by_chain(report: Report) -> None:
    assert legend_of(titled(report, "Price and liquidations"), "price_ETH") == [f"{label} ETH, mark price" for label in LABELS]
    assert legend_of(titled(report, "Is the leverage gone?"), "open_interest_ETH") == [f"{label} ETH" for label in LABELS]
    curves = legend_of(titled(report, "Cumulative liquidations by venue"), "cumulative")
    assert [curve.partition(" longs")[0] for curve in curves] == LABELS


def test_venues_stand_beside_each_other_asset_by_asset(report: Report) -> None:
    (table,) = titled(report, "Cumulative liquidations by venue").grids
    places = {row[table.headers.index("chain")] for row in table.rows}
    assert (places, {row[0] for row in table.rows}) == ({"10", "8453"}, {"ETH"})


def test_bars_are_of_one_race_each(report: Report) -> None:
    (chart,) = titled(report, "Who liquidated").charts
    names = [label.get_text() for label in chart.figure.axes[0].get_yticklabels()]
    assert len(set(names)) == 4
    assert sorted({name.partition(", ")[2] for name in names}) == LABELS


def test_the_verdict_says_of_which(report: Report) -> None:
    assert titled(report, "Is the leverage gone?").lead.startswith(f"ETH on {LABELS[1]}: ")


@pytest.mark.parametrize("title", ["Price and liquidations", "Who liquidated", "What was missed and why", "Who paid for the deficits"])
def test_tables_show_the_chain(report: Report, title: str) -> None:
    for table in titled(report, title).grids:
        chain = table.headers.index("chain")
        assert {row[chain] for row in table.rows} - {"–"} == {"10", "8453"}


def test_a_report_on_one_chain_does_not_speak_of_it(cascade: Path, tmp_path: Path) -> None:
    with open_lake(cascade) as lake:
        report = write_report(lake, asked_for(lake, "all"), tmp_path)
    assert titled(report, "Cumulative liquidations by venue").grids == ()
    assert "chain" not in {header for section in report.sections for table in section.grids for header in table.headers}
    assert "chain 10" not in report.html.read_text("utf-8")
