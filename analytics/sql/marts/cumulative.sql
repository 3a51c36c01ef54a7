-- Liquidated USD per venue, side and bucket of time, stage trader. Parameters: $since, $until, $underlying (null: all), $bucket_s.
SELECT
    chain_id, venue, quality, side, time_bucket(to_seconds($bucket_s), exchange_time) AS moment, sum(notional_usd) AS notional_usd, count(*) AS n
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND stage = 'trader' AND notional_usd IS NOT NULL
    AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
ORDER BY venue, chain_id, quality, side, moment
