"""Times with an offset become the lake's UTC."""

from datetime import UTC, datetime, timedelta, timezone

from analytics.answers.window import Window, lake_time


def test_offsets_are_turned_into_utc() -> None:
    east = timezone(timedelta(hours=8))
    assert lake_time(datetime(2026, 7, 2, 2, tzinfo=east)) == datetime(2026, 7, 1, 18)  # noqa: DTZ001 lake times carry no offset
    assert lake_time(datetime(2026, 7, 1, 18)) == datetime(2026, 7, 1, 18)  # noqa: DTZ001


def test_open_ends_in_words() -> None:
    assert Window().words == "all that was recorded"
    assert Window(until=datetime(2026, 1, 1, tzinfo=UTC)).words == "the first record to 2026-01-01 00:00:00 UTC"
