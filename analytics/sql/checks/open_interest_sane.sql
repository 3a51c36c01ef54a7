-- M20: a market has one last open interest, and it is not negative.
SELECT underlying, chain_id, venue, market, count(*) AS copies
FROM mart_open_interest_last
GROUP BY ALL
HAVING count(*) > 1 OR min(held.base) < 0 OR min(held.usd) < 0
