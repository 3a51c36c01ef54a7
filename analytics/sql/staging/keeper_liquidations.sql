-- Every liquidation on the keeper's venues, one row per victim fill: `side` is the victim's. Exact: taken from the chain's logs.
-- The raw amounts are exact integers as text: null in rows, and missing in lakes, of the keeper's first schema, whose decimals were 18. Nor do those of
-- its first schemas know an underlying: their markets were named by it.
-- Rows of kind 'collateral' seize collateral and close no position: no base quantity of a market, notional is the debt paid.
SELECT
    chain_id,
    venue,
    market,
    coalesce(underlying, market) AS underlying,
    account AS victim,
    side,
    kind,
    block_number,
    block_hash,
    block_time,
    transaction_hash,
    log_index,
    liquidator,
    ours AS by_keeper,
    candidate_id,
    abs(size) AS size_base,
    price AS price_usd,
    abs(notional_usd) AS notional_usd,
    penalty_usd,
    reward_usd,
    bad_debt_usd,
    coalesce(usd_decimals, 18) AS usd_decimals,
    penalty_raw,
    reward_raw,
    bad_debt_raw,
    'exact' AS quality
FROM (
    FROM lake.main.liquidations
    UNION ALL BY NAME
    SELECT
        NULL::VARCHAR AS penalty_raw, NULL::VARCHAR AS reward_raw, NULL::VARCHAR AS bad_debt_raw, NULL::VARCHAR AS underlying, NULL::BIGINT AS usd_decimals
    WHERE false
)
