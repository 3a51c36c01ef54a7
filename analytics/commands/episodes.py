"""`analytics episodes`: when one side of one asset was liquidated far above the usual (M7)."""

from typing import Annotated

import typer

from analytics.answers.episode_table import episodes as find
from analytics.answers.episode_table import sensitivity as tabulate
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import (
    MINUTE_FLOOR,
    TOTAL_FLOOR,
    MinuteFloor,
    Since,
    TotalFloor,
    Underlying,
    Until,
    rules_of,
    window_of,
)
from analytics.lake import open_lake

_SHOWN = (
    "start",
    "stop",
    "underlying",
    "side",
    "total_usd",
    "peak_minute",
    "peak_share",
    "long_share",
    "price_move",
    "open_interest_flush",
    "quality",
)


def episodes(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    minute_floor: MinuteFloor = MINUTE_FLOOR,
    total_floor: TotalFloor = TOTAL_FLOOR,
    sensitivity: Annotated[bool, typer.Option(help="Instead: how many episodes nine settings of the thresholds give.")] = False,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Episodes of one underlying and one side, largest first: start, end, peak minute, shares, price move, fall of open interest.

    Examples:

      analytics episodes

      analytics episodes --underlying BTC --since 2025-10-10

      analytics episodes --sensitivity

      analytics episodes --parquet episodes.parquet
    """
    form = OutputForm(as_json, as_csv, parquet)
    ask = tabulate if sensitivity else find
    with open_lake(lake) as connection:
        answer(
            ask(connection, window_of(since, until), underlying, rules_of(minute_floor, total_floor)),
            form,
            columns=() if sensitivity else _SHOWN,
        )
