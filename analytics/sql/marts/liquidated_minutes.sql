-- Minutes (from the Unix epoch) in which each asset was liquidated, stage trader, and the minutes of the first and last liquidation of any asset.
-- Parameters: $since, $until.
SELECT
    underlying, list(DISTINCT epoch_us(exchange_time) // 60000000) AS minutes, string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality,
    (SELECT min(epoch_us(exchange_time)) // 60000000 FROM ledger) AS first_minute,
    (SELECT max(epoch_us(exchange_time)) // 60000000 FROM ledger) AS last_minute
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND stage = 'trader'
GROUP BY underlying
