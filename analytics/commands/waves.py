"""`analytics waves`: in which waves the liquidations came, and how far the move was amplified (M8, M9)."""

from analytics.answers.wave_table import waves as find
from analytics.commands.answered import answer
from analytics.commands.options import AsCsv, AsJson, LakeDirectory, ParquetFile
from analytics.commands.output import OutputForm
from analytics.commands.window_options import Since, Underlying, Until, window_of
from analytics.lake import open_lake

_SHOWN = (
    "underlying",
    "side",
    "wave",
    "start",
    "extreme_usd",
    "n",
    "notional_usd",
    "share",
    "amplification_observed",
    "price_source",
    "quality",
)


def waves(
    since: Since = None,
    until: Until = None,
    underlying: Underlying = None,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    parquet: ParquetFile = None,
) -> None:
    """Waves of the six largest series (asset and side) of the window, from new extremes of the price.

    Examples:

      analytics waves --since 2025-12-11T02:58 --until 2025-12-11T03:13

      analytics waves --underlying ETH --json
    """
    form = OutputForm(as_json, as_csv, parquet)
    with open_lake(lake) as connection:
        answer(find(connection, window_of(since, until), underlying), form, columns=_SHOWN)
