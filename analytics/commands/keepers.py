"""`analytics keepers`: who liquidated (M25)."""

from analytics.answers.keeper_race import attempts
from analytics.answers.keeper_race import keepers as find
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Until, window_of
from analytics.lake import open_lake


def keepers(
    since: Since = None,
    until: Until = None,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Liquidators by count: USD, rewards, shares, latency in blocks, concentration, our win rate; then our own attempts by outcome.

    Examples:

      analytics keepers

      analytics keepers --since 2025-12-11 --json
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        window = window_of(since, until)
        answer(find(connection, window), form)
        if not (as_json or as_csv or parquet):
            answer(attempts(connection, window), form, title="Our attempts")
