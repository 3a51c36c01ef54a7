-- Depth within one band over time, both sides. Parameters: $since, $until, $underlying, $band_bps, $bucket_s.
SELECT venue, market, side, time_bucket(to_seconds($bucket_s), exchange_time) AS moment, median(depth_usd) AS depth_usd, count(*) AS n
FROM mart_depth
WHERE exchange_time >= $since AND exchange_time < $until AND underlying = $underlying AND band_bps = $band_bps
GROUP BY ALL
ORDER BY venue, market, side, 4
