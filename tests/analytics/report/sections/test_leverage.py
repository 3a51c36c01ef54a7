"""Open interest stands beside the volume of a day, where any was recorded."""

from pathlib import Path

from analytics.answers.asked_for import range_of
from analytics.lake import open_lake, open_market
from analytics.report.scope import subject
from analytics.report.sections.leverage import section
from analytics.sources import Silent, import_files


def test_open_interest_beside_volume(shared_data: Path, tmp_path: Path) -> None:
    """Lighter's open interest is a ninth of its day's volume; no spot trades were recorded, so that column is not there."""
    folder = shared_data / "crossvenue_finm33150"
    with open_market(tmp_path) as lake:
        import_files(lake, "finm33150", [folder / "candles.parquet", folder / "open_interest.parquet"], Silent())
    with open_lake(tmp_path) as lake:
        made = section(subject(lake, range_of("2026-01-19/2026-01-20"), "a day"))
    beside = made.grids[1]
    rows = {cells[0]: dict(zip(beside.headers, cells, strict=True)) for cells in beside.rows}
    assert (rows["BTC"]["OI/perpetual, days"], rows["BTC"]["OI/perpetual of"]) == ("0.1122", "lighter")
    assert "OI/spot, days" not in beside.headers
    assert any("of the venues that have both" in note for note in made.notes)


def test_without_volume_there_is_no_such_grid(cascade: Path) -> None:
    with open_lake(cascade) as lake:
        made = section(subject(lake, range_of("2025-03-21/2025-03-22"), "the cascade"))
    assert [one.title for one in made.grids] == ["Before, lowest, after"]
    assert made.tables["open_interest_to_spot"].to_pylist()[0]["note"] == "no spot volume recorded"
