-- Every liquidation on the keeper's venues, one row per victim fill: `side` is the victim's. Exact: taken from the chain's logs.
-- Rows of kind 'collateral' seize collateral and close no position: no base quantity of a market, notional is the debt paid.
SELECT
    chain_id,
    venue,
    market,
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
    'exact' AS quality
FROM lake.main.liquidations
