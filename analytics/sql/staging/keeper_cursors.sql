-- The blocks that are committed, per venue.
SELECT
    chain_id,
    venue,
    block_number,
    block_hash,
    parent_hash,
    block_time
FROM lake.main.cursors
