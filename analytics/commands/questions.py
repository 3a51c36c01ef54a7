"""The commands that ask about a window: a line of form and the words of `--help` each."""

from analytics.answers.activation_table import activation, activation_effect
from analytics.answers.amplification_table import amplification
from analytics.answers.bad_debt import waterfall
from analytics.answers.concentration_table import concentration
from analytics.answers.correlation_table import correlations
from analytics.answers.depth_table import depth
from analytics.answers.keeper_race import attempts, keepers, missed
from analytics.answers.lead_lag_table import lead_lag
from analytics.answers.regime import regime
from analytics.answers.spot_ratio import open_interest_to_spot
from analytics.answers.structure_table import structure
from analytics.answers.time_of_day import time_of_day
from analytics.answers.wave_table import waves
from analytics.commands.windowed import asset_command, window_command

_WAVES = """Waves of the six largest series (asset and side) of the window, from new extremes of the price.

Examples:

  analytics waves --since 2025-12-11T02:58 --until 2025-12-11T03:13

  analytics waves --underlying ETH --json
"""
_AMPLIFICATION = """How much larger the move became than what started it, by map and depth, by prices, and by the timing of liquidations.

On a terminal the waves that the map and the depth predict follow. --json gives the first table; `analytics export` has both.

Examples:

  analytics amplification

  analytics amplification --since 2025-12-11T02:10 --until 2025-12-11T02:30 --json
"""
_ACTIVATION = """Clusters of the liquidation map that the price crossed, or not: activated, absorbed, or undecided, with the numbers.

On a terminal the test follows whether exposure pushes the price on, against 2,000 shuffles of the map.

Examples:

  analytics activation

  analytics activation --underlying ETH --since 2025-12-11 --json
"""
_DEPTH = """Depth per venue, side and band from the mid: median, thinnest and when. Flagged snapshots are named and not used.

Examples:

  analytics depth --underlying BTC

  analytics depth --since 2025-10-10T21:00 --until 2025-10-10T22:00
"""
_CONCENTRATION = """How concentrated liquidations, depth, volume and open interest are over venues, and does the flow go where the depth is?

Examples:

  analytics concentration --since 2025-10-10T21:00 --until 2025-10-10T22:00

  analytics concentration --underlying BTC --json
"""
_REGIME = """Is the leverage gone? Open interest and funding before and after, and the verdict with the three numbers that say so.

Examples:

  analytics regime --since 2025-12-11T02:58 --until 2025-12-11T03:13

  analytics regime --underlying BTC --json
"""
_KEEPERS = """Liquidators by count: USD, rewards, shares, latency in blocks, concentration, our win rate; then our own attempts by outcome.

Examples:

  analytics keepers

  analytics keepers --since 2025-12-11 --json
"""
_MISSED = """Liquidations by others and accounts left liquidatable, each with the reason out of the keeper's own stages.

Examples:

  analytics missed

  analytics missed --since 2025-12-11 --csv > missed.csv
"""
_HOURS = """Depth, spread and fragmentation cost by hour of the UTC day, weekdays and weekends apart, and the best hour over the worst.

Examples:

  analytics hours --underlying BTC

  analytics hours --since 2025-10-10 --until 2025-10-11 --json
"""
_TOGETHER = """Do assets fall together? Correlation in the window against 30 days before, corrected for variance, and co-liquidation lift.

Examples:

  analytics together --since 2025-10-10T12:00 --until 2025-10-11T12:00

  analytics together --underlying ETH --json
"""
_SPOT_RATIO = """Open interest at the end of the window in days of spot and perpetual volume; no ratio below 90 % of the hours.

Examples:

  analytics spot-ratio --until 2026-01-20

  analytics spot-ratio --underlying BTC --json
"""
_LEADERS = """Which market's price moved first, and by how many seconds, for every pair of markets of an asset with trades.

Examples:

  analytics leaders --underlying AVAX --since 2025-10-10 --until 2025-10-10T20:45

  analytics leaders --json
"""
_BAD_DEBT = """Who paid for the deficits of liquidated accounts: margin, loss, fee, insurance fund, unpaid; one row per account and a total.

Out of the keeper's own lake, in exact integers. Accounts still open, or with a figure missing, are listed and not counted.

Examples:

  analytics bad-debt

  analytics bad-debt --since 2025-12-11 --json
"""
_WAVE_COLUMNS = (
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
_AMPLIFICATION_COLUMNS = (
    "underlying",
    "side",
    "amplification_gain",
    "amplification_observed",
    "amplification_hawkes",
    "spread_ratio",
    "branching_ratio",
    "branching_low",
    "branching_high",
    "poisson_null_p",
    "residual_ks_p",
    "events",
    "n",
    "quality",
)
_ACTIVATION_COLUMNS = (
    "chain_id",
    "venue",
    "market",
    "side",
    "level_usd",
    "mapped_usd",
    "crossed_at",
    "label",
    "onward_sigmas",
    "crossed_back",
    "realised_usd",
    "realised_share",
    "n",
    "quality",
)
_CONCENTRATION_COLUMNS = (
    "underlying",
    "measure",
    "venues",
    "hhi",
    "effective_venues",
    "top_3_share",
    "total_usd",
    "mismatch",
    "n",
    "quality",
    "note",
)
_REGIME_COLUMNS = (
    "underlying",
    "chain_id",
    "venue",
    "verdict",
    "flush",
    "open_interest_before",
    "open_interest_lowest",
    "funding_before_8h",
    "funding_z_after",
    "funding_reset_h",
    "forced_share",
    "n",
    "quality",
)
_MISSED_COLUMNS = (
    "moment",
    "account",
    "chain_id",
    "venue",
    "reason",
    "liquidator",
    "liquidated_block",
    "first_seen_block",
    "notional_usd",
    "last_skip",
    "outcome",
)
_HOURS_COLUMNS = (
    "underlying",
    "venue",
    "market",
    "measure",
    "weekend",
    "hour_utc",
    "depth_usd_p50",
    "spread_bps_p50",
    "cost_bps_p50",
    "n",
    "best_over_worst",
    "note",
)
_TOGETHER_COLUMNS = (
    "first",
    "second",
    "calm",
    "stressed",
    "corrected",
    "variance_rise",
    "lift",
    "bar_s",
    "n_stress",
    "n_calm",
    "n_minutes",
    "quality",
    "note",
)
_SPOT_COLUMNS = (
    "underlying",
    "open_interest_usd",
    "spot_volume_usd",
    "spot_hours",
    "open_interest_to_spot",
    "perpetual_volume_usd",
    "open_interest_to_perpetual",
    "n",
    "quality",
    "note",
)
_LEADERS_COLUMNS = (
    "underlying",
    "first",
    "second",
    "lag_s",
    "lag_low_s",
    "lag_high_s",
    "ratio",
    "correlation",
    "lag_receive_s",
    "n",
    "resolution",
    "quality",
    "note",
)
_BAD_DEBT_COLUMNS = (
    "account",
    "chain_id",
    "venue",
    "left_out",
    "margin_usd",
    "loss_usd",
    "fee_usd",
    "last_equity_usd",
    "insurance_usd",
    "unpaid_usd",
    "bad_debt_usd",
    "accounts",
    "n",
)

QUESTIONS = (
    asset_command("waves", _WAVES, waves, columns=_WAVE_COLUMNS),
    asset_command(
        "amplification",
        _AMPLIFICATION,
        amplification,
        columns=_AMPLIFICATION_COLUMNS,
        then=("Waves out of the map and the depth", structure),
    ),
    asset_command(
        "activation", _ACTIVATION, activation, columns=_ACTIVATION_COLUMNS, then=("Does exposure push the price on?", activation_effect)
    ),
    asset_command("depth", _DEPTH, depth),
    asset_command("concentration", _CONCENTRATION, concentration, columns=_CONCENTRATION_COLUMNS),
    asset_command("regime", _REGIME, regime, columns=_REGIME_COLUMNS),
    asset_command("together", _TOGETHER, correlations, columns=_TOGETHER_COLUMNS),
    asset_command("spot-ratio", _SPOT_RATIO, open_interest_to_spot, columns=_SPOT_COLUMNS),
    asset_command("hours", _HOURS, time_of_day, columns=_HOURS_COLUMNS),
    asset_command("leaders", _LEADERS, lead_lag, columns=_LEADERS_COLUMNS),
    window_command("missed", _MISSED, missed, columns=_MISSED_COLUMNS),
    window_command("keepers", _KEEPERS, keepers, then=("Our attempts", attempts)),
    window_command("bad-debt", _BAD_DEBT, waterfall, columns=_BAD_DEBT_COLUMNS),
)
