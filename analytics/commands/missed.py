"""`analytics missed`: what was not ours, and why (M25)."""

from analytics.answers.keeper_race import missed as find
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Until, window_of
from analytics.lake import open_lake

_SHOWN = ("moment", "account", "reason", "liquidator", "liquidated_block", "first_seen_block", "notional_usd", "last_skip", "outcome")


def missed(
    since: Since = None,
    until: Until = None,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Liquidations by others and accounts left liquidatable, each with the reason out of the keeper's own stages.

    Examples:

      analytics missed

      analytics missed --since 2025-12-11 --csv > missed.csv
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        answer(find(connection, window_of(since, until)), form, columns=_SHOWN)
