"""Options that choose what part of the lake a command looks at."""

from typing import Annotated

import typer

from analytics.answers.asked_for import moment_of
from analytics.answers.window import Window
from analytics.errors import CallError
from analytics.models.episodes import EpisodeRules

Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only from this time on (UTC, e.g. 2025-12-11T02:58).", show_default=False)
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only before this time (UTC).", show_default=False)]
Underlying = Annotated[
    str | None, typer.Option("--underlying", "-u", metavar="ASSET", help="Only this underlying, e.g. BTC.", show_default=False)
]
MinuteFloor = Annotated[float, typer.Option(min=1.0, help="USD a minute above which an episode may start.")]
TotalFloor = Annotated[float, typer.Option(min=1.0, help="USD an episode must reach to be kept.")]

MINUTE_FLOOR = EpisodeRules().minute_floor_usd
TOTAL_FLOOR = EpisodeRules().total_floor_usd


def window_of(since: str | None, until: str | None) -> Window:
    """The window of the two options. Raises CallError: no time, or an end before its start."""
    window = Window(moment_of(since) if since else None, moment_of(until) if until else None)
    if window.lake_since >= window.lake_until:
        raise CallError(f"--until {until} is not after --since {since}")
    return window


def rules_of(minute_floor: float, total_floor: float) -> EpisodeRules:
    """The usual rules with other floors."""
    return EpisodeRules(minute_floor_usd=minute_floor, total_floor_usd=total_floor)
