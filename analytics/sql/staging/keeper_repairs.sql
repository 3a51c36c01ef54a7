-- Evidence of corrections of a venue's state: the rows a block had, those it has now, and who vouches for them.
SELECT
    chain_id,
    venue,
    block_number,
    block_hash,
    block_time,
    repaired_at,
    cause,
    witness,
    divergence,
    was,
    became
FROM lake.main.repairs
