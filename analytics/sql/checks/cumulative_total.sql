-- M0: the buckets of the cumulative curve, and the venues' sums, hold every dollar of the headline's traders, once.
WITH sums AS (
    SELECT
        (SELECT coalesce(sum(total_usd), 0) FROM mart_headline WHERE stage = 'trader' AND asset = 'total') AS expected,
        (SELECT coalesce(sum(notional_usd), 0) FROM mart_cumulative) AS in_buckets,
        (SELECT coalesce(sum(usd), 0) FROM mart_venue_liquidations) AS by_venue
)

SELECT * FROM sums WHERE abs(expected - in_buckets) > 1e-9 * expected + 1e-6 OR abs(expected - by_venue) > 1e-9 * expected + 1e-6
