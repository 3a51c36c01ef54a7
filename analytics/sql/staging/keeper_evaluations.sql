-- Exact margin tests near the threshold. `margin_ratio` is equity over requirement: below 1 the account may be liquidated.
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
    equity_raw,
    requirement_raw
FROM lake.main.evaluations
