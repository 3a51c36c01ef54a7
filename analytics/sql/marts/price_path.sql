-- Prices of one underlying in buckets of time, each venue's market from its best source; `moment` is the bucket's last observation.
-- Parameters: $since, $until, $underlying, $bucket_s.
WITH asked AS (
    SELECT *, min(preference) OVER (PARTITION BY venue, market) AS best, time_bucket(to_seconds($bucket_s), moment) AS bucket
    FROM mart_prices
    WHERE moment >= $since AND moment < $until AND underlying = $underlying
)

SELECT
    venue, market, source, max(moment) AS moment, min(low_usd) AS low_usd, max(high_usd) AS high_usd, arg_max(last_usd, asked.moment) AS last_usd, count(*) AS n
FROM asked
WHERE preference = best
GROUP BY venue, market, source, bucket
ORDER BY venue, market, 4
