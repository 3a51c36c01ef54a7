-- The last price at each distinct time of one market, the newest $most of them, newest first; `unix_us` is the exchange's clock, or the receiver's.
-- Trades of one time are in the order they were received, then of their ids. Parameters: $since, $until, $underlying, $venue, $market, $received, $most.
WITH trades AS (
    SELECT
        epoch_us(CASE WHEN $received THEN receive_time ELSE exchange_time END) AS unix_us, price_usd,
        (coalesce(receive_time, exchange_time), len(trade_id), trade_id) AS place
    FROM stg_market_trades
    WHERE exchange_time >= $since AND exchange_time < $until AND underlying = $underlying AND venue = $venue AND market = $market
),

final AS (
    SELECT unix_us, arg_max(price_usd, place) AS price_usd FROM trades GROUP BY unix_us
)

SELECT unix_us, price_usd, count(*) OVER () AS ticks
FROM final
ORDER BY unix_us DESC
LIMIT $most
