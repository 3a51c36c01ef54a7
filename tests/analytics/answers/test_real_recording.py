"""Episodes of the recorded cascade of 11 December 2025."""

from datetime import UTC, datetime
from pathlib import Path

from analytics.answers.episodes import episodes
from analytics.lake import open_lake, open_market
from analytics.models.episodes import EpisodeRules
from analytics.sources import Silent, import_files


def test_episodes_of_11_december_2025(shared_data: Path, tmp_path: Path) -> None:
    """Largest: ETH longs 02:58 to 03:13, $9.78M, peak minute 03:02. The order of $3.92M makes 02:19 the peak of the second."""
    recording = shared_data / "binance_liq_20251211" / "binance_forceorder_liq_data.csv"
    with open_market(tmp_path) as lake:
        import_files(lake, "binance_force_orders", [recording], Silent())
    with open_lake(tmp_path) as lake:
        found = episodes(lake, EpisodeRules(minute_floor_usd=50_000, total_floor_usd=500_000))
    shown = [
        (episode.underlying, episode.side, _clock(episode.start), _clock(episode.peak_minute), round((episode.total.value or 0) / 1e6, 2))
        for episode in found.episodes[:3]
    ]
    assert shown == [
        ("ETH", 1, "02:58", "03:02", 9.78),
        ("ETH", 1, "02:17", "02:19", 4.43),
        ("BTC", 1, "03:09", "03:11", 1.80),
    ]
    assert {episode.total.quality for episode in found.episodes} == {"sampled"}
    assert {episode.baseline_days for episode in found.episodes} == {0}
    assert found.recorded_from == datetime(2025, 12, 11, 1, 36)  # noqa: DTZ001 lake times carry no offset


def _clock(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, UTC):%H:%M}"
