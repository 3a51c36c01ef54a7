-- M24: one row per account with a liquidation of either kind in the window. Amounts are exact integers as text beside their decimals, in lists of both.
-- `margin`: its last equity before the first of them, if it had no liquidation since (one before the window); a test in a block already has that
-- block's liquidations. `equity`: its last equity at or after the last of them, the contract's view where both are known. `closed`: not in the last
-- map of the window, which has every account with a position or with orders that can make one; null when that map is older. `moves`: its deposits and
-- withdrawals between the two equities. `settled_alone`: bad debt settled in transactions without a liquidation of it; `settled_later`: what of it
-- `equity` does not have yet. Parameters: $since, $until.
WITH liquidated AS (
    SELECT chain_id, venue, victim AS account, count(*) AS n, min(block_number) AS first_block, min(block_time) AS first_time,
        max(block_number) AS last_block, list({raw: penalty_raw, decimals: usd_decimals}) AS penalties,
        list({raw: reward_raw, decimals: usd_decimals}) AS rewards, list({raw: bad_debt_raw, decimals: usd_decimals}) AS bad_debts,
        bool_and(penalty_raw IS NOT NULL AND reward_raw IS NOT NULL AND bad_debt_raw IS NOT NULL) AS has_raw, list(transaction_hash) AS transactions
    FROM stg_keeper_liquidations
    WHERE block_time >= $since AND block_time < $until
    GROUP BY ALL
),

equities AS (
    SELECT chain_id, venue, account, block_number, block_time, basis_time, false AS on_chain, {raw: equity_raw, decimals: usd_decimals} AS equity
    FROM stg_keeper_evaluations
    UNION ALL BY NAME
    SELECT
        chain_id, venue, account, block_number, block_time, block_time AS basis_time, true AS on_chain,
        {raw: equity_chain_raw, decimals: usd_decimals} AS equity
    FROM stg_keeper_account_snapshots
    WHERE equity_chain_raw IS NOT NULL
),

earlier AS (
    SELECT chain_id, venue, victim AS account, max(block_number) AS earlier_block FROM stg_keeper_liquidations WHERE block_time < $since GROUP BY ALL
),

before AS (
    SELECT chain_id, venue, account, arg_max(equity, (block_number, basis_time)) AS margin, max(block_number) AS margin_block
    FROM liquidated JOIN equities USING (chain_id, venue, account) LEFT JOIN earlier USING (chain_id, venue, account)
    WHERE block_number >= coalesce(earlier_block, 0) AND block_number < first_block AND basis_time <= first_time
    GROUP BY ALL
),

after AS (
    SELECT chain_id, venue, account, arg_max(equity, (block_number, on_chain)) AS equity, max(block_number) AS equity_block
    FROM liquidated JOIN equities USING (chain_id, venue, account)
    WHERE block_number >= last_block AND basis_time = block_time AND block_time < $until
    GROUP BY ALL
),

maps AS (
    SELECT chain_id, venue, max(block_number) AS map_block FROM stg_keeper_position_snapshots WHERE block_time < $until GROUP BY ALL
),

holders AS (
    SELECT DISTINCT chain_id, venue, account FROM stg_keeper_position_snapshots JOIN maps USING (chain_id, venue) WHERE block_number = map_block
),

moves AS (
    SELECT chain_id, venue, account, count(*) AS moves
    FROM before JOIN after USING (chain_id, venue, account) JOIN stg_keeper_account_flows USING (chain_id, venue, account)
    WHERE kind IN ('deposit', 'withdrawal') AND block_number > margin_block AND block_number <= equity_block
    GROUP BY ALL
),

alone AS (
    SELECT
        chain_id, venue, account, list({raw: amount_raw, decimals: decimals}) AS settled_alone,
        list({raw: amount_raw, decimals: decimals}) FILTER (block_number > equity_block) AS settled_later
    FROM liquidated JOIN stg_keeper_account_flows AS flow USING (chain_id, venue, account) LEFT JOIN after USING (chain_id, venue, account)
    WHERE kind = 'bad_debt' AND block_number >= first_block AND block_time < $until AND NOT list_contains(transactions, flow.transaction_hash)
    GROUP BY ALL
)

SELECT
    chain_id, venue, account, n, first_time, has_raw, penalties, rewards, bad_debts, margin, equity,
    CASE WHEN map_block >= last_block THEN holders.account IS NULL END AS closed, coalesce(moves, 0) AS moves,
    coalesce(settled_alone, []) AS settled_alone, coalesce(settled_later, []) AS settled_later
FROM liquidated
LEFT JOIN before USING (chain_id, venue, account)
LEFT JOIN after USING (chain_id, venue, account)
LEFT JOIN maps USING (chain_id, venue)
LEFT JOIN holders USING (chain_id, venue, account)
LEFT JOIN moves USING (chain_id, venue, account)
LEFT JOIN alone USING (chain_id, venue, account)
ORDER BY first_time, chain_id, venue, account
