"""Every row-shaped answer about one window, by name."""

import duckdb
import pyarrow as pa

from analytics.answers.activation_table import activation, activation_effect
from analytics.answers.amplification_table import amplification
from analytics.answers.bad_debt import waterfall
from analytics.answers.concentration_table import concentration
from analytics.answers.correlation_table import correlations
from analytics.answers.depth_table import depth
from analytics.answers.episode_table import episodes, events
from analytics.answers.fragmentation_table import fragmentation, slippage
from analytics.answers.keeper_race import attempts, keepers, missed
from analytics.answers.lead_lag_table import lead_lag
from analytics.answers.ledger import headline, liquidations, published_totals
from analytics.answers.map_skill import map_skill
from analytics.answers.prices import price_extremes
from analytics.answers.quality import quality
from analytics.answers.regime import regime
from analytics.answers.spot_ratio import open_interest_to_spot
from analytics.answers.structure_table import structure
from analytics.answers.time_of_day import time_of_day
from analytics.answers.wave_table import waves
from analytics.answers.window import Window

_ANSWERS = (
    headline,
    published_totals,
    liquidations,
    events,
    episodes,
    waves,
    structure,
    amplification,
    price_extremes,
    regime,
    correlations,
    open_interest_to_spot,
    map_skill,
    activation,
    activation_effect,
    depth,
    slippage,
    fragmentation,
    concentration,
    time_of_day,
    lead_lag,
    keepers,
    attempts,
    missed,
    waterfall,
    quality,
)


def tables(lake: duckdb.DuckDBPyConnection, window: Window) -> dict[str, pa.Table]:
    """Name -> table, each with its reason and notes."""
    return {ask.__name__: ask(lake, window) for ask in _ANSWERS}
