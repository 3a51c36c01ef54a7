"""Cascade analytics over the lake. Of the keeper it imports the lake's package only.

In a notebook: `lake = analytics.open("var/lake")`, then any question below, e.g. `analytics.episodes(lake)`. Every answer is a pyarrow
Table (`.to_pandas()` for a frame), the same that the command of that name prints; `analytics.reason_of(table)` says why one is empty and
`analytics.notes_of(table)` what its reader must know. Times are UTC without an offset, money is in USD, shares are fractions."""

from analytics.answers.activation_table import activation, activation_effect
from analytics.answers.amplification_table import amplification
from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.bad_debt import waterfall
from analytics.answers.concentration_table import concentration
from analytics.answers.correlation_table import correlations
from analytics.answers.depth_table import depth
from analytics.answers.episode_table import episodes, events, sensitivity
from analytics.answers.fragmentation_table import fragmentation, slippage
from analytics.answers.gain_table import gain, gain_curve
from analytics.answers.keeper_race import attempts, keepers, missed
from analytics.answers.lead_lag_table import lead_lag
from analytics.answers.ledger import headline, liquidations, published_totals
from analytics.answers.map_skill import map_skill
from analytics.answers.map_table import asymmetry, clusters, liquidation_map
from analytics.answers.prices import price_extremes, price_path
from analytics.answers.quality import quality
from analytics.answers.regime import regime
from analytics.answers.signal_table import signals
from analytics.answers.spot_ratio import open_interest_to_spot
from analytics.answers.structure_table import structure
from analytics.answers.time_of_day import time_of_day
from analytics.answers.treadmill_table import treadmill
from analytics.answers.wave_table import waves
from analytics.answers.window import Window
from analytics.errors import AnalyticsError, LakeError
from analytics.notebook import open_for_questions as open  # noqa: A004 `analytics.open(...)` reads as what it does
from analytics.notebook import write_report

__all__ = [
    "AnalyticsError",
    "LakeError",
    "Window",
    "activation",
    "activation_effect",
    "amplification",
    "asymmetry",
    "attempts",
    "clusters",
    "concentration",
    "correlations",
    "depth",
    "episodes",
    "events",
    "fragmentation",
    "gain",
    "gain_curve",
    "headline",
    "keepers",
    "lead_lag",
    "liquidation_map",
    "liquidations",
    "map_skill",
    "missed",
    "notes_of",
    "open",
    "open_interest_to_spot",
    "price_extremes",
    "price_path",
    "published_totals",
    "quality",
    "reason_of",
    "regime",
    "sensitivity",
    "signals",
    "slippage",
    "structure",
    "time_of_day",
    "treadmill",
    "waterfall",
    "waves",
    "write_report",
]
