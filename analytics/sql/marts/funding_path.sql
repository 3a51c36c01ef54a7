-- Funding per 8 hours of one underlying, every settlement. Parameters: $since, $until, $underlying.
SELECT chain_id, venue, market, moment, rate_8h, quality
FROM mart_funding
WHERE moment >= $since AND moment < $until AND underlying = $underlying AND rate_8h IS NOT NULL
ORDER BY venue, chain_id, market, moment
