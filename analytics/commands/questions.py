"""The commands that ask about a window: a line of form and the words of `--help` each."""

from analytics.answers.depth_table import depth
from analytics.answers.fragmentation_table import fragmentation, slippage
from analytics.answers.keeper_race import attempts, keepers, missed
from analytics.answers.regime import regime
from analytics.answers.wave_table import waves
from analytics.commands.windowed import asset_command, window_command

_WAVES = """Waves of the six largest series (asset and side) of the window, from new extremes of the price.

Examples:

  analytics waves --since 2025-12-11T02:58 --until 2025-12-11T03:13

  analytics waves --underlying ETH --json
"""
_DEPTH = """Depth per venue, side and band from the mid: median, thinnest and when. Flagged snapshots are named and not used.

Examples:

  analytics depth --underlying BTC

  analytics depth --since 2025-10-10T21:00 --until 2025-10-10T22:00
"""
_FRAGMENTATION = """Cost in bps of splitting an order over venues against one pooled book, where books of two venues stand within a second.

On a terminal the slippage by venue follows.

Examples:

  analytics fragmentation --underlying BTC

  analytics fragmentation --json
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
_REGIME_COLUMNS = (
    "underlying",
    "venue",
    "verdict",
    "flush",
    "open_interest_before",
    "open_interest_lowest",
    "open_interest_after",
    "funding_before_8h",
    "funding_after_8h",
    "funding_z_after",
    "n",
    "quality",
)
_MISSED_COLUMNS = (
    "moment",
    "account",
    "reason",
    "liquidator",
    "liquidated_block",
    "first_seen_block",
    "notional_usd",
    "last_skip",
    "outcome",
)

QUESTIONS = (
    asset_command("waves", _WAVES, waves, columns=_WAVE_COLUMNS),
    asset_command("depth", _DEPTH, depth),
    asset_command("fragmentation", _FRAGMENTATION, fragmentation, then=("Slippage by venue", slippage)),
    asset_command("regime", _REGIME, regime, columns=_REGIME_COLUMNS),
    window_command("missed", _MISSED, missed, columns=_MISSED_COLUMNS),
    window_command("keepers", _KEEPERS, keepers, then=("Our attempts", attempts)),
)
