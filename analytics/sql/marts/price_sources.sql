-- What prices each asset has in the window, the finest and then the fullest source first. Parameters: $since, $until.
SELECT
    underlying, chain_id, venue, market, source, interval_s, count(*) AS n, min(moment) AS first_time, max(moment) AS last_time,
    string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM mart_prices
WHERE moment >= $since AND moment < $until
GROUP BY underlying, chain_id, venue, market, source, preference, interval_s
ORDER BY underlying, preference, interval_s, n DESC, venue, chain_id, market
