-- Totals that venues published for whole periods overlapping the window; they have no events behind them here. Sides do not always add up.
-- Parameters: $since, $until, $underlying (null: all).
SELECT
    venue, underlying AS asset, period_start, period_seconds, total_usd, long_usd, short_usd, unattributed_usd, events AS n, quality, source_file
FROM stg_market_liquidation_totals
WHERE period_start < $until AND period_start + to_seconds(period_seconds) > $since AND ($underlying IS NULL OR underlying = $underlying)
ORDER BY period_start, total_usd DESC, venue, asset
