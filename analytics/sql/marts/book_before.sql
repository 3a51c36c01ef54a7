-- The newest usable book of each venue and market in the hour up to a moment. Parameters: $underlying, $at.
SELECT
    venue, market, epoch_us(exchange_time) / 1e6 AS unix_s, exchange_time, bid_floor, ask_ceiling, bid_prices, bid_sizes, ask_prices, ask_sizes, quality
FROM market.book_snapshots
WHERE usable AND underlying = $underlying AND exchange_time <= $at AND exchange_time > $at - INTERVAL 1 HOUR
QUALIFY row_number() OVER (PARTITION BY venue, market ORDER BY exchange_time DESC) = 1
ORDER BY venue, market
