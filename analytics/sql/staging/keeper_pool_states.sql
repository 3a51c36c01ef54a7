-- What a market's pool itself said of its price and the liquidity in range, where that had changed. The price compares exactly with the bounds of
-- pool ranges; it is not the spot price.
SELECT
    chain_id,
    venue,
    market,
    block_number,
    block_hash,
    block_time,
    price AS range_price_usd,
    liquidity_raw,
    liquidity_decimals
FROM lake.main.pool_states
