"""What a user means by an event or a range: `all`, `last`, an event's start, or FROM/TO."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from analytics.answers.episode_table import Event, join
from analytics.answers.episodes import episodes
from analytics.answers.ledger import ledger_view
from analytics.answers.window import Window
from analytics.errors import CallError
from analytics.marts import has_view
from analytics.models.episodes import EpisodeRules

_SPANS = (
    ("stg_market_trades", "exchange_time"),
    ("stg_keeper_blocks", "block_time"),
    ("stg_market_depth", "exchange_time"),
    ("stg_market_candles", "interval_start"),
    ("stg_market_open_interest", "exchange_time"),
)
"""Where a lake without liquidations begins and ends, the narrowest kind of record first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The window a report is about, how it was chosen, and by which rules episodes are told."""

    window: Window
    title: str
    rules: EpisodeRules | None = None


def moment_of(text: str) -> datetime:
    """A UTC time from ISO 8601 (a date alone is its midnight; no offset means UTC). Raises CallError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise CallError(f"{text!r} is no time: write it as 2025-12-11 or 2025-12-11T02:58 (UTC)") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def range_of(text: str) -> Window:
    """FROM/TO, either side may be left open. Raises CallError."""
    first, _, last = text.partition("/")
    window = Window(moment_of(first) if first.strip() else None, moment_of(last) if last.strip() else None)
    if window.lake_since >= window.lake_until:
        raise CallError(f"the range {text} ends before it begins")
    return window


def asked_for(lake: duckdb.DuckDBPyConnection, text: str, rules: EpisodeRules | None = None) -> Asked:
    """The window of an event or range. Raises CallError: no such event, or a time that cannot be read."""
    if text == "all":
        return Asked(_everything(lake), "all that was recorded", rules)
    if "/" in text:
        window = range_of(text)
        return Asked(window, _short(window), rules)
    if text == "last":
        found = join(episodes(lake, rules).episodes)
        if not found:
            raise CallError("this lake has no event: `analytics events` says why; `analytics report all` reports on everything")
        return _event(found[-1], rules)
    return _starting(lake, moment_of(text), rules)


def _short(window: Window) -> str:
    """A range as a title: the day once, where it is one day."""
    if window.since is None or window.until is None:
        return window.words
    first, last = window.lake_since, window.lake_until
    return f"{first:%Y-%m-%d %H:%M} to {last:{'%H:%M' if first.date() == last.date() else '%Y-%m-%d %H:%M'}} UTC"


def _starting(lake: duckdb.DuckDBPyConnection, start: datetime, rules: EpisodeRules | None) -> Asked:
    near = Window(start - timedelta(days=1), start + timedelta(days=1))
    minute = int(start.timestamp()) // 60
    for event in join(episodes(lake, rules, near).episodes):
        if event.start == minute or any(one.start == minute for one in event.episodes):
            return _event(event, rules)
    raise CallError(f"no event starts at {start:%Y-%m-%d %H:%M} UTC: `analytics events` lists them, or give a range FROM/TO")


def _event(event: Event, rules: EpisodeRules | None) -> Asked:
    names = sorted({one.underlying for one in event.episodes})
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return Asked(event.window, f"event of {event.window.lake_since:%Y-%m-%d %H:%M} UTC ({shown})", rules)


def _everything(lake: duckdb.DuckDBPyConnection) -> Window:
    """From the first to the last liquidation, or of the next best record where there are none."""
    spans = [("ledger", "exchange_time")] if ledger_view(lake) else []
    for view, column in (*spans, *((view, column) for view, column in _SPANS if has_view(lake, view))):
        row = lake.execute(f"SELECT min({column}), max({column}) FROM {view}").fetchone()  # noqa: S608 our own names
        if row and row[0] is not None:
            first, last = (edge.replace(tzinfo=UTC) for edge in row)
            if view == "ledger" and has_view(lake, "stg_keeper_blocks"):
                return _with_blocks(lake, first, last)
            return Window(first, last + timedelta(seconds=1))
    return Window()


def _with_blocks(lake: duckdb.DuckDBPyConnection, first: datetime, last: datetime) -> Window:
    """A keeper's lake is about its blocks: what came before the first liquidation belongs to the story, at most a day of it."""
    row = lake.execute("SELECT min(block_time), max(block_time) FROM stg_keeper_blocks").fetchone()
    if row is None or row[0] is None:
        return Window(first, last + timedelta(seconds=1))
    began, ended = (edge.replace(tzinfo=UTC) for edge in row)
    day = timedelta(days=1)
    return Window(max(min(began, first), first - day), min(max(ended, last), last + day) + timedelta(seconds=1))
