-- Usable depth per venue, market, side and band over the window. Parameters: $since, $until, $underlying (null: all).
SELECT
    underlying, venue, market, side, band_bps, median(depth_usd) AS depth_usd_p50, min(depth_usd) AS depth_usd_min,
    arg_min(exchange_time, depth_usd) AS thinnest_at, max(depth_usd) AS depth_usd_max, count(*) AS n, any_value(quality) AS quality
FROM mart_depth
WHERE exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
ORDER BY underlying, venue, market, band_bps, side
