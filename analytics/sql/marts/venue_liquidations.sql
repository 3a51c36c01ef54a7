-- Liquidated USD per asset, venue (of a chain) and quality, stage trader. Parameters: $since, $until, $underlying (null: all).
SELECT underlying, chain_id, venue, quality, sum(notional_usd) AS usd, count(*) AS n
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND stage = 'trader' AND notional_usd > 0 AND ($underlying IS NULL OR underlying = $underlying)
GROUP BY ALL
ORDER BY underlying, quality, usd DESC, venue, chain_id
