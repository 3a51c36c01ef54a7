"""Episodes and events as tables (M7): an episode is one side of one underlying, an event is what overlapping episodes make together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.episodes import Episodes
from analytics.answers.episodes import episodes as find_episodes
from analytics.answers.flush import VenueFlush, flushes
from analytics.answers.window import Window
from analytics.models.episodes import Episode, EpisodeRules

_TIME = pa.timestamp("us")
_EPISODES = pa.schema(
    [
        ("start", _TIME),
        ("stop", _TIME),
        ("underlying", pa.string()),
        ("side", pa.string()),
        ("total_usd", pa.float64()),
        ("minutes_n", pa.int64()),
        ("peak_minute", _TIME),
        ("peak_usd", pa.float64()),
        ("peak_share", pa.float64()),
        ("long_share", pa.float64()),
        ("price_move", pa.float64()),
        ("open_interest_flush", pa.float64()),
        ("flush_venue", pa.string()),
        ("venues", pa.list_(pa.string())),
        ("quality", pa.string()),
        ("baseline_days", pa.int64()),
        ("window", pa.string()),
    ]
)
_EVENTS = pa.schema(
    [
        ("start", _TIME),
        ("stop", _TIME),
        ("minutes", pa.int64()),
        ("total_usd", pa.float64()),
        ("long_share", pa.float64()),
        ("episodes", pa.int64()),
        ("underlyings", pa.list_(pa.string())),
        ("venues", pa.list_(pa.string())),
        ("largest", pa.string()),
        ("quality", pa.string()),
    ]
)
_SENSITIVITY = pa.schema(
    [("start_multiple", pa.float64()), ("minute_floor_usd", pa.float64()), ("episodes", pa.int64()), ("total_usd", pa.float64())]
)
_APART = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Episodes of any underlying and side that overlap or lie less than ten minutes apart; minutes from the Unix epoch."""

    start: int
    stop: int
    episodes: tuple[Episode, ...]

    @property
    def window(self) -> Window:
        """From its first minute to the end of its last."""
        return Window(moment(self.start), moment(self.stop))


def episodes(
    lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None, rules: EpisodeRules | None = None
) -> pa.Table:
    """Episodes that overlap the window, largest first. USD; shares and moves as fractions; flush where the lake has open interest."""
    found = find_episodes(lake, rules, window, underlying)
    around = flushes(lake, found.episodes)
    rows = [_row(episode, flush) for episode, flush in zip(found.episodes, around, strict=True)]
    return annotated(pa.Table.from_pylist(rows, _EPISODES), reason=_why(found), notes=_notes(found))


def sensitivity(
    lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None, rules: EpisodeRules | None = None
) -> pa.Table:
    """How many episodes, with how much USD, nine settings of the thresholds give over everything read."""
    found = find_episodes(lake, rules, window, underlying)
    rows = [{name: getattr(cell, name) for name in _SENSITIVITY.names} for cell in found.sensitivity]
    return annotated(pa.Table.from_pylist(rows, _SENSITIVITY), reason=_why(found), notes=_notes(found), window=(window or Window()).words)


def events(
    lake: duckdb.DuckDBPyConnection, window: Window | None = None, underlying: str | None = None, rules: EpisodeRules | None = None
) -> pa.Table:
    """Events in time order: what `analytics report START` reports on."""
    found = find_episodes(lake, rules, window, underlying)
    rows = [_event_row(event) for event in join(found.episodes)]
    return annotated(pa.Table.from_pylist(rows, _EVENTS), reason=_why(found), notes=_notes(found), window=(window or Window()).words)


def join(found: Sequence[Episode]) -> tuple[Event, ...]:
    """Episodes joined into events, in time order."""
    joined: list[list[Episode]] = []
    stop = 0
    for episode in sorted(found, key=lambda one: one.start):
        if joined and episode.start - stop < _APART:
            joined[-1].append(episode)
        else:
            joined.append([episode])
        stop = max(stop, episode.stop) if joined[-1][0] is not episode else episode.stop
    return tuple(Event(group[0].start, max(one.stop for one in group), tuple(group)) for group in joined)


def moment(minute: int) -> datetime:
    """A minute from the Unix epoch as a UTC time."""
    return datetime.fromtimestamp(minute * 60, UTC)


def _row(episode: Episode, flush: Sequence[VenueFlush]) -> dict[str, object]:
    largest = max(flush, key=lambda one: one.flush.before, default=None)
    return {
        "start": _plain(episode.start),
        "stop": _plain(episode.stop),
        "underlying": episode.underlying,
        "side": _side(episode),
        "total_usd": episode.total.value,
        "minutes_n": episode.total.n,
        "peak_minute": _plain(episode.peak_minute),
        "peak_usd": episode.peak_usd,
        "peak_share": episode.peak_share.value,
        "long_share": episode.long_share.value,
        "price_move": episode.price_move.value,
        "open_interest_flush": largest.flush.share.value if largest else None,
        "flush_venue": largest.venue if largest else None,
        "venues": list(episode.venues),
        "quality": episode.total.quality,
        "baseline_days": episode.baseline_days,
        "window": episode.total.window,
    }


def _event_row(event: Event) -> dict[str, object]:
    largest = max(event.episodes, key=lambda one: one.total.value or 0.0)
    total = sum(one.total.value or 0.0 for one in event.episodes)
    longs = sum(one.total.value or 0.0 for one in event.episodes if one.side == 1)
    qualities = sorted({one.total.quality for one in event.episodes})
    return {
        "start": _plain(event.start),
        "stop": _plain(event.stop),
        "minutes": event.stop - event.start,
        "total_usd": total,
        "long_share": longs / total if total else None,
        "episodes": len(event.episodes),
        "underlyings": sorted({one.underlying for one in event.episodes}),
        "venues": sorted({venue for one in event.episodes for venue in one.venues}),
        "largest": f"{largest.underlying} {_side(largest)}s",
        "quality": qualities[0] if len(qualities) == 1 else f"mixed: {' and '.join(qualities)}",
    }


def _plain(minute: int) -> datetime:
    return moment(minute).replace(tzinfo=None)


def _side(episode: Episode) -> str:
    return "long" if episode.side == 1 else "short"


def _why(found: Episodes) -> str:
    if found.episodes or not found.minutes:
        return found.reason
    rules = found.rules
    return (
        f"{found.reason} (a minute of more than {rules.minute_floor_usd:,.0f} USD and {rules.start_multiple:g} times the usual, "
        f"twice running, {rules.total_floor_usd:,.0f} USD in all): lower --minute-floor and --total-floor for a small market"
    )


def _notes(found: Episodes) -> list[str]:
    rules = found.rules
    notes = [
        f"thresholds: start above {rules.start_multiple:g} x the 30-day hourly median and {rules.minute_floor_usd:,.0f} USD a minute, "
        f"kept from {rules.total_floor_usd:,.0f} USD"
    ]
    if found.sensitivity:
        counts = [cell.episodes for cell in found.sensitivity]
        notes.append(f"3x3 sensitivity (half, same, twice the multiple and the floor): {min(counts)} to {max(counts)} episodes")
    if found.recorded_from is not None:
        notes.append(f"liquidations recorded from {found.recorded_from:%Y-%m-%d %H:%M} UTC: before it nothing is known")
    return notes
