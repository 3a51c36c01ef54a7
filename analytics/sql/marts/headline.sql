-- The headline table: liquidations per asset with a total row, one block of rows per (quality, stage), which are never added up.
-- Shares are of USD; the peak minute is the one with most USD. Parameters: $since, $until, $underlying (null: all).
WITH asked AS (
    SELECT *, time_bucket(INTERVAL 1 MINUTE, exchange_time) AS minute
    FROM ledger
    WHERE exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
),

minutes AS (
    SELECT quality, stage, coalesce(underlying, 'total') AS asset, minute, count(*) AS events, sum(notional_usd) AS usd
    FROM asked
    GROUP BY GROUPING SETS ((quality, stage, underlying, minute), (quality, stage, minute))
),

peaks AS (
    SELECT quality, stage, asset, arg_max(minute, usd) AS peak_minute, max(usd) AS peak_minute_usd, arg_max(events, usd) AS peak_minute_events
    FROM minutes
    GROUP BY ALL
),

totals AS (
    SELECT
        quality, stage, coalesce(underlying, 'total') AS asset,
        count(*) AS n,
        sum(notional_usd) AS total_usd,
        coalesce(sum(notional_usd) FILTER (side = 'long'), 0) AS long_usd,
        coalesce(sum(notional_usd) FILTER (side = 'short'), 0) AS short_usd,
        count(*) FILTER (side = 'long') AS long_n,
        count(*) FILTER (side = 'short') AS short_n,
        max(notional_usd) AS largest_usd,
        sum(fill_notional_usd) AS total_at_fill_usd,
        count(*) - count(notional_usd) AS without_usd_n,
        list(DISTINCT {'chain_id': chain_id, 'venue': venue}) AS venues
    FROM asked
    GROUP BY GROUPING SETS ((quality, stage, underlying), (quality, stage))
)

SELECT
    asset, quality, stage, n, total_usd, long_usd, short_usd, long_usd / nullif(total_usd, 0) AS long_share, short_usd / nullif(total_usd, 0) AS short_share,
    long_n, short_n, largest_usd, peak_minute, peak_minute_usd, peak_minute_events, total_at_fill_usd, without_usd_n, venues
FROM totals JOIN peaks USING (quality, stage, asset)
ORDER BY quality, stage = 'vault', asset = 'total', total_usd DESC NULLS LAST, asset
