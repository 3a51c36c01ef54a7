-- M24: per venue that tells it, what its insurance fund could pay (USD): as last read before the window's first liquidation, and as last read in the
-- window from then on. A row says what had changed; that it was read, with the market, at a block of no change too. Parameters: $since, $until.
WITH liquidated AS (
    SELECT chain_id, venue, min(block_number) AS first_block
    FROM stg_keeper_liquidations
    WHERE block_time >= $since AND block_time < $until
    GROUP BY ALL
),

followed AS (
    SELECT chain_id, venue, max(block_number) AS followed_block FROM stg_keeper_market_state WHERE block_time < $until GROUP BY ALL
),

capacities AS (
    SELECT
        chain_id, venue, arg_max(capacity_usd, block_number) FILTER (block_number < first_block) AS before_usd,
        arg_max(capacity_usd, block_number) FILTER (block_number >= first_block) AS changed_usd
    FROM liquidated JOIN stg_keeper_insurance_funds USING (chain_id, venue)
    WHERE block_time < $until
    GROUP BY ALL
)

SELECT chain_id, venue, before_usd, coalesce(changed_usd, CASE WHEN followed_block >= first_block THEN before_usd END) AS after_usd
FROM capacities JOIN liquidated USING (chain_id, venue) LEFT JOIN followed USING (chain_id, venue)
ORDER BY chain_id, venue
