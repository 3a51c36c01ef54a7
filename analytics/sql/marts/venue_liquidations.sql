-- Liquidated USD per asset, venue and quality, stage trader. Parameters: $since, $until, $underlying (null: all).
SELECT underlying, venue, quality, sum(notional_usd) AS usd, count(*) AS n
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND stage = 'trader' AND notional_usd > 0 AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
ORDER BY underlying, quality, usd DESC, venue
