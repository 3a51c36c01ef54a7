-- Exact margin tests near the threshold. `margin_ratio` is equity over requirement: below 1 the account may be liquidated.
-- The decimals of raw amounts are missing in lakes of the keeper's first schemas: they were 18.
SELECT
    chain_id,
    venue,
    account,
    block_number,
    block_hash,
    block_time,
    basis_time,
    candidate_id,
    equity_usd,
    requirement_usd,
    equity_usd / nullif(requirement_usd, 0) AS margin_ratio,
    breach IS NOT NULL AS liquidatable,
    breach,
    coalesce(usd_decimals, 18) AS usd_decimals,
    equity_raw,
    requirement_raw
FROM (
    FROM lake.main.evaluations
    UNION ALL BY NAME
    SELECT NULL::BIGINT AS usd_decimals WHERE false
)
