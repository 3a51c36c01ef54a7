"""`analytics signals`: squeeze entry, exhaustion fragile build-up (seed S0), and the treadmill (M22)."""

from typing import Annotated

import typer

from analytics.answers.asked_for import moment_of
from analytics.answers.signal_table import signals as find
from analytics.answers.treadmill_table import treadmill as walk
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.lake import open_lake


def signals(
    market: Annotated[str, typer.Argument(help="The underlying, e.g. BTC.", show_default=False)],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As of this time (UTC); nothing later is read.", show_default=False)
    ] = None,
    bar_minutes: Annotated[int, typer.Option(min=1, help="Length of a bar in minutes.")] = 60,
    treadmill: Annotated[bool, typer.Option(help="Instead: the treadmill's state of each of the last 168 hours (M22).")] = False,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Each signal with every condition, whether it holds and the number that decided it; unknown is not false.

    Examples:

      analytics signals BTC

      analytics signals BTC --at 2026-01-14T00:00 --json

      analytics signals ETH --bar-minutes 1

      analytics signals BTC --treadmill
    """
    form = OutputForm(as_json, as_csv, parquet)
    moment = moment_of(at) if at else None
    with open_lake(lake) as connection:
        answer(walk(connection, market, moment) if treadmill else find(connection, market, moment, bar_minutes), form)
