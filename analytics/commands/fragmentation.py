"""`analytics fragmentation`: slippage by venue, and what it costs that the venues are apart (M14)."""

from analytics.answers.fragmentation_table import fragmentation as find
from analytics.answers.fragmentation_table import slippage
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Underlying, Until, window_of
from analytics.lake import open_lake


def fragmentation(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Cost in bps of splitting an order over venues against one pooled book, where books of two venues stand within a second.

    On a terminal the slippage by venue follows.

    Examples:

      analytics fragmentation --underlying BTC

      analytics fragmentation --json
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        window = window_of(since, until)
        answer(find(connection, window, underlying), form)
        if not (as_json or as_csv or parquet):
            answer(slippage(connection, window, underlying), form, title="Slippage by venue")
