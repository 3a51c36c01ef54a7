-- First, lowest, highest and last price of each venue's market, from the best source it has in the window.
-- Parameters: $since, $until, $underlying (null: all).
WITH asked AS (
    SELECT *, min(preference) OVER (PARTITION BY chain_id, venue, market) AS best
    FROM mart_prices
    WHERE moment >= $since AND moment < $until AND ($underlying IS NULL OR underlying = $underlying)
)

SELECT
    underlying, chain_id, venue, market, source, arg_min(last_usd, moment) AS first_usd, min(low_usd) AS low_usd, arg_min(moment, (low_usd, moment)) AS low_time,
    max(high_usd) AS high_usd, arg_min(moment, (-high_usd, moment)) AS high_time, arg_max(last_usd, moment) AS last_usd,
    min(low_usd) / arg_min(last_usd, moment) - 1 AS fall, count(*) AS n, any_value(quality) AS quality
FROM asked
WHERE preference = best
GROUP BY underlying, chain_id, venue, market, source
ORDER BY underlying, low_usd, venue, chain_id, market
