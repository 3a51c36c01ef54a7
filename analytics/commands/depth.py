"""`analytics depth`: how much stood in the books (M13)."""

from analytics.answers.depth_table import depth as find
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Underlying, Until, window_of
from analytics.lake import open_lake


def depth(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Depth per venue, side and band from the mid: median, thinnest and when. Flagged snapshots are named and not used.

    Examples:

      analytics depth --underlying BTC

      analytics depth --since 2025-10-10T21:00 --until 2025-10-10T22:00
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        answer(find(connection, window_of(since, until), underlying), form)
