-- Liquidity of a Perp V2 market's pool per price range at a moment, out of the makers' LiquidityChanged events, with the pool's price then.
-- Virtual tokens have 18 decimals on both sides, so 1.0001^tick is USD per base and liquidity / 1e18 is sqrt(base x USD).
-- Parameters: $market, $at, $venue (null: all).
WITH named AS (
    SELECT DISTINCT chain_id, venue, payload ->> 'base_token' AS base_token
    FROM stg_keeper_venue_events
    WHERE event_name = 'MarketNamed' AND (payload ->> 'name') = $market AND ($venue IS NULL OR venue = $venue)
),

changes AS (
    SELECT
        chain_id, venue, payload ->> 'base_token' AS base_token, (payload ->> 'lower_tick')::INTEGER AS lower_tick,
        (payload ->> 'upper_tick')::INTEGER AS upper_tick, (payload ->> 'liquidity')::HUGEINT AS liquidity
    FROM stg_keeper_venue_events
    WHERE event_name = 'LiquidityChanged' AND block_time <= $at
),

ranges AS (
    SELECT chain_id, venue, lower_tick, upper_tick, sum(liquidity) AS liquidity
    FROM changes SEMI JOIN named USING (chain_id, venue, base_token)
    GROUP BY ALL
    HAVING sum(liquidity) > 0
),

prices AS (
    SELECT chain_id, venue, arg_max(spot_price_usd, block_number) AS price_usd, max(block_number) AS block_number
    FROM stg_keeper_market_state
    WHERE market = $market AND block_time <= $at AND spot_price_usd > 0
    GROUP BY ALL
)

SELECT venue, block_number, price_usd, pow(1.0001, lower_tick) AS low_usd, pow(1.0001, upper_tick) AS high_usd, liquidity / 1e18 AS liquidity
FROM ranges JOIN prices USING (chain_id, venue)
ORDER BY venue, low_usd, high_usd
