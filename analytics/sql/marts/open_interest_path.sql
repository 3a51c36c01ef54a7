-- Open interest of one underlying over time. Parameters: $since, $until, $underlying, $bucket_s.
SELECT
    chain_id, venue, market, max(moment) AS moment, arg_max(base, mart_open_interest.moment) AS base, arg_max(usd, mart_open_interest.moment) AS usd, count(*) AS n
FROM mart_open_interest
WHERE moment >= $since AND moment < $until AND underlying = $underlying
GROUP BY chain_id, venue, market, time_bucket(to_seconds($bucket_s), mart_open_interest.moment)
ORDER BY venue, chain_id, market, 4
