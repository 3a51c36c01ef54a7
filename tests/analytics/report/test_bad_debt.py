"""The section that says who paid: words, bars of the largest losses, and the accounts with their total."""

from __future__ import annotations

from pathlib import Path

from analytics.answers.window import Window
from analytics.lake import open_lake
from analytics.report.scope import subject
from analytics.report.section import Section
from analytics.report.sections.bad_debt import section
from analytics.report.style import styled
from tests.analytics.deficit_lake import VICTIMS, write_deficits
from tests.analytics.keeper_lake import Rows, write_lake


def made_of(directory: Path) -> Section:
    """The section about everything in a lake."""
    with open_lake(directory) as lake, styled():
        return section(subject(lake, Window(), "all"))


def test_it_says_in_words_who_paid(tmp_path: Path) -> None:
    write_deficits(tmp_path)
    made = made_of(tmp_path)
    assert made.title == "Who paid for the deficits"
    assert "12 accounts were liquidated; 8 of them are closed and known, 4 with bad debt" in made.lead
    assert "41 USD bad debt: insurance fund 24 USD, ADL 0 USD, socialised 0 USD, unpaid 17 USD" in made.lead
    assert any("left out of the total" in note for note in made.notes)


def test_bars_add_up_to_loss_and_fee(tmp_path: Path) -> None:
    write_deficits(tmp_path)
    (chart,) = made_of(tmp_path).charts
    (axes,) = chart.figure.axes
    assert "USD" in axes.get_xlabel()
    assert "n 8" in chart.caption
    ends = sorted(max(bar.get_x() + bar.get_width() for bar in bars) for bars in zip(*axes.containers, strict=True))
    assert [round(end, 6) for end in ends] == [1.0, 5.0, 9.0, 10.0, 10.0, 18.0, 40.0, 70.0]


def test_the_accounts_stand_above_their_total(tmp_path: Path) -> None:
    write_deficits(tmp_path)
    (table,) = made_of(tmp_path).grids
    names = [row[0] for row in table.rows]
    assert (names[0], names[-1], len(names)) == ("insured", "total", len(VICTIMS) + 1)


def test_nobody_counted_is_told_without_a_chart(tmp_path: Path) -> None:
    write_lake(tmp_path, {1: [Rows(1).liquidation("a", "ETH", 100.0, "long")]})
    made = made_of(tmp_path)
    assert made.charts == ()
    assert "1 account was liquidated; none of them is closed and known" in made.lead


def test_a_lake_without_a_keeper_says_why(nothing: Path) -> None:
    assert "no keeper's tables" in made_of(nothing).reason
