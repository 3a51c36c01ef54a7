"""`analytics report`: an event or a range as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from analytics.answers.asked_for import asked_for
from analytics.commands.answered import as_object
from analytics.commands.options import AsJson, LakeDirectory
from analytics.commands.output import console, json_text
from analytics.commands.window_options import MINUTE_FLOOR, TOTAL_FLOOR, MinuteFloor, TotalFloor, rules_of
from analytics.lake import open_lake


def report(
    event_or_range: Annotated[
        str, typer.Argument(metavar="EVENT_OR_RANGE", help="An event's or episode's start, FROM/TO, 'last' or 'all'.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIRECTORY", help="Where report.html and the PNG files go.")] = Path("var/report"),
    minute_floor: MinuteFloor = MINUTE_FLOOR,
    total_floor: TotalFloor = TOTAL_FLOOR,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
) -> None:
    """One self-contained HTML file and a PNG per chart: what was liquidated, where, in which waves, what it did to price and depth,
    whether the map foresaw it, whether the leverage is gone, who liquidated, what was missed and why, and how good the records are.

    Examples:

      analytics report last

      analytics report 2025-12-11T02:58 --out event/

      analytics report 2025-10-10T20:45/2025-10-10T22:00 --json

      analytics report all --lake var/demo/lake --out var/demo
    """
    from analytics.report import write_report  # matplotlib loads for half a second: only here

    with open_lake(lake) as connection:
        asked = asked_for(connection, event_or_range, rules_of(minute_floor, total_floor))
        made = write_report(connection, asked, out)
    if as_json:
        sections = [
            {"title": one.title, "lead": one.lead, "reason": one.reason, "notes": list(one.notes)}
            | {"tables": {name: as_object(table) for name, table in one.tables.items()}}
            for one in made.sections
        ]
        written = {"title": made.title, "window": made.window, "html": str(made.html), "images": [str(image) for image in made.images]}
        typer.echo(json_text(written | {"sections": sections}))
        return
    screen = console()
    screen.print(made.title, style="bold")
    screen.print(made.window)
    for section in made.sections:
        told = (
            f"nothing: {section.reason}" if section.reason else section.lead or f"{len(section.charts)} charts, {len(section.grids)} tables"
        )
        screen.print(f"- {section.title}: {told}")
    screen.print(f"{made.html} and {len(made.images)} PNG files beside it")
