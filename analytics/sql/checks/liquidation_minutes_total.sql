-- M7: the minutes hold every dollar of the traders' liquidations, once.
WITH sums AS (
    SELECT (SELECT coalesce(sum(notional_usd), 0) FROM mart_liquidations WHERE stage = 'trader' AND moment >= $since AND moment < $until) AS expected,
           (SELECT coalesce(sum(notional_usd), 0) FROM mart_liquidation_minutes) AS found
)

SELECT * FROM sums WHERE abs(expected - found) > 1e-9 * expected + 1e-6
