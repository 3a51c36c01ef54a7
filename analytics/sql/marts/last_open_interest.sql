-- The venue and market with most values of open interest in base units before $until, and its last one. Parameters: $underlying, $until.
SELECT chain_id, venue, market, max(moment) AS last_time
FROM mart_open_interest
WHERE underlying = $underlying AND moment < $until AND base IS NOT NULL
GROUP BY chain_id, venue, market
ORDER BY count(*) DESC, venue, chain_id, market
LIMIT 1
