-- Prices of one underlying in buckets of time, each venue's market from its best source; `moment` is the bucket's last observation.
-- Candles longer than a tenth of the window draw no curve: they come last. Parameters: $since, $until, $underlying, $bucket_s.
WITH ranked AS (
    SELECT * REPLACE (CASE WHEN interval_s > epoch($until::TIMESTAMP - $since::TIMESTAMP) / 10 THEN 9 ELSE preference END AS preference)
    FROM mart_prices
),

asked AS (
    SELECT *, min(preference) OVER (PARTITION BY chain_id, venue, market) AS best, time_bucket(to_seconds($bucket_s), moment) AS bucket
    FROM ranked
    WHERE moment >= $since AND moment < $until AND underlying = $underlying
)

SELECT
    chain_id, venue, market, source, max(moment) AS moment, min(low_usd) AS low_usd, max(high_usd) AS high_usd, arg_max(last_usd, asked.moment) AS last_usd, count(*) AS n
FROM asked
WHERE preference = best
GROUP BY chain_id, venue, market, source, bucket
ORDER BY venue, chain_id, market, 5
