-- M24: per venue that tells it, its settlement token's configuration and its insurance fund's capacity as last read before the window's first liquidation
-- and as last read in the window from then on; payloads as recorded (their integers may be larger than SQL's). Parameters: $since, $until.
WITH liquidated AS (
    SELECT chain_id, venue, min(block_number) AS first_block
    FROM stg_keeper_liquidations
    WHERE block_time >= $since AND block_time < $until
    GROUP BY ALL
)

SELECT
    chain_id, venue,
    arg_max(payload, (block_number, event_position)) FILTER (event_name = 'ConfigRead') AS config,
    arg_max(payload, (block_number, event_position)) FILTER (event_name = 'InsuranceFundRead' AND block_number < first_block) AS before,
    arg_max(payload, (block_number, event_position)) FILTER (event_name = 'InsuranceFundRead' AND block_number >= first_block) AS after
FROM liquidated JOIN stg_keeper_venue_events USING (chain_id, venue)
WHERE event_name IN ('ConfigRead', 'InsuranceFundRead') AND block_time < $until
GROUP BY ALL
HAVING config IS NOT NULL
ORDER BY chain_id, venue
