-- Liquidity of Perp V2 pools per price range, with the pool's price, at no more than $most evenly spaced blocks of $since to $until (both included),
-- out of the makers' LiquidityChanged events. Virtual tokens have 18 decimals on both sides, so 1.0001^tick is USD per base and
-- liquidity / 1e18 is sqrt(base x USD). Parameters: $since, $until, $most, $market (null: all), $venue (null: all).
WITH named AS (
    SELECT DISTINCT chain_id, venue, payload ->> 'base_token' AS base_token, payload ->> 'name' AS market
    FROM stg_keeper_venue_events
    WHERE event_name = 'MarketNamed'
),

numbered AS (
    SELECT
        chain_id, venue, market, block_number, block_time, spot_price_usd AS price_usd,
        row_number() OVER (PARTITION BY chain_id, venue, market ORDER BY block_number) - 1 AS place, count(*) OVER (PARTITION BY chain_id, venue, market) AS blocks
    FROM stg_keeper_market_state
    WHERE block_time >= $since AND block_time <= $until AND spot_price_usd > 0
        AND ($market IS NULL OR market = $market) AND ($venue IS NULL OR venue = $venue)
),

moments AS (
    SELECT * FROM numbered JOIN named USING (chain_id, venue, market) WHERE place % greatest(1, ceil(blocks / $most)::BIGINT) = 0
),

changes AS (
    SELECT
        chain_id, venue, block_number AS changed_block, payload ->> 'base_token' AS base_token, (payload ->> 'lower_tick')::INTEGER AS lower_tick,
        (payload ->> 'upper_tick')::INTEGER AS upper_tick, (payload ->> 'liquidity')::HUGEINT AS liquidity
    FROM stg_keeper_venue_events
    WHERE event_name = 'LiquidityChanged'
)

SELECT
    venue, market, block_number, epoch_us(block_time) / 1e6 AS unix_s, price_usd, pow(1.0001, lower_tick) AS low_usd, pow(1.0001, upper_tick) AS high_usd,
    sum(liquidity) / 1e18 AS liquidity
FROM moments JOIN changes USING (chain_id, venue, base_token)
WHERE changed_block <= block_number
GROUP BY ALL
HAVING sum(liquidity) > 0
ORDER BY venue, market, block_number, low_usd, high_usd
