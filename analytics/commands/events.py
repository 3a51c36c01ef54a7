"""`analytics events`: the cascades a report can be made of."""

from analytics.answers.episode_table import events as find
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


def events(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    minute_floor: MinuteFloor = MINUTE_FLOOR,
    total_floor: TotalFloor = TOTAL_FLOOR,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Events: episodes of all assets that overlap, in time order. `analytics report START` reports on one.

    Examples:

      analytics events

      analytics events --since 2025-12-11 --until 2025-12-12 --minute-floor 50000

      analytics events --json | jq -r '.rows[].start'
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        answer(find(connection, window_of(since, until), underlying, rules_of(minute_floor, total_floor)), form)
