-- What each market's usable snapshots hold, at most $most of them evenly spaced: USD of both sides within each band of the mid, and the spread.
-- One row per market and measure, `band_bps` null for the spread; `unix_s` and `value` are lists of one length in time order, `snapshots` is how
-- many there were. A snapshot with one side only in a band is no depth. Parameters: $since, $until, $underlying (null: all), $most.
WITH observed AS (
    SELECT 'depth' AS measure, underlying, venue, market, band_bps, exchange_time, sum(depth_usd) AS value, any_value(quality) AS quality
    FROM stg_market_depth
    WHERE exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
    GROUP BY ALL
    HAVING count(DISTINCT side) = 2
    UNION ALL BY NAME
    SELECT 'spread' AS measure, underlying, venue, market, exchange_time, spread_bps AS value, quality
    FROM market.book_snapshots
    WHERE usable AND exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
),

numbered AS (
    SELECT
        *, row_number() OVER (PARTITION BY measure, underlying, venue, market, band_bps ORDER BY exchange_time) - 1 AS place,
        count(*) OVER (PARTITION BY measure, underlying, venue, market, band_bps) AS snapshots
    FROM observed
)

SELECT
    measure, underlying, venue, market, band_bps, snapshots, list(epoch_us(exchange_time) / 1e6 ORDER BY exchange_time) AS unix_s,
    list(value ORDER BY exchange_time) AS value, string_agg(DISTINCT quality, '/' ORDER BY quality) AS quality
FROM numbered
WHERE place % greatest(1, ceil(snapshots / $most)::BIGINT) = 0
GROUP BY ALL
ORDER BY underlying, measure, venue, market, band_bps
