-- Victim USD per hour of one underlying, stage trader, and the span that liquidations were recorded over. Parameters: $underlying, $until.
SELECT
    time_bucket(INTERVAL 1 HOUR, exchange_time) AS hour, sum(notional_usd) FILTER (underlying = $underlying AND stage = 'trader') AS usd,
    sum(notional_usd) FILTER (underlying = $underlying AND stage = 'trader' AND side = 'short') AS short_usd,
    (SELECT min(exchange_time) FROM ledger) AS recorded_from, (SELECT max(exchange_time) FROM ledger) AS recorded_until
FROM ledger
WHERE exchange_time < $until
GROUP BY ALL
ORDER BY hour
