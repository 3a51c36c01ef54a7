-- The lowest price of a market is no higher than its first and last, the highest no lower; all are positive.
SELECT * FROM mart_price_extremes
WHERE low_usd <= 0 OR low_usd > least(first_usd, last_usd) OR high_usd < greatest(first_usd, last_usd)
