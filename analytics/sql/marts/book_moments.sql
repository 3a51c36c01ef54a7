-- At most $most usable book snapshots per venue and market of the window, evenly spaced. Parameters: $since, $until, $underlying (null: all), $most.
WITH numbered AS (
    SELECT
        *, row_number() OVER (PARTITION BY venue, market ORDER BY exchange_time) - 1 AS place, count(*) OVER (PARTITION BY venue, market) AS snapshots
    FROM market.book_snapshots
    WHERE usable AND exchange_time >= $since AND exchange_time < $until AND ($underlying IS NULL OR underlying = $underlying)
)

SELECT
    venue, market, underlying, epoch_us(exchange_time) / 1e6 AS unix_s, mid_price, spread_bps, bid_floor, ask_ceiling, bid_prices, bid_sizes, ask_prices,
    ask_sizes, quality
FROM numbered
WHERE place % greatest(1, ceil(snapshots / $most)::BIGINT) = 0
ORDER BY underlying, exchange_time, venue
