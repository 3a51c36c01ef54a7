-- Markets with trades in the window, those with most trades first. Parameters: $since, $until, $underlying (null: all).
SELECT
    underlying, venue, market, count(*) AS trades, count(receive_time) = count(*) AS received, arg_max(time_resolution, exchange_time) AS resolution,
    string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM stg_market_trades
WHERE exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY underlying, venue, market
ORDER BY trades DESC, underlying, venue, market
