-- M24: one row per account with a liquidation of either kind in the window. Amounts are lists of exact integers as text, 18 decimals.
-- `margin_raw`: its last equity before the first of them, if it had no liquidation since (one before the window); a test in a block already has that
-- block's liquidations. `equity_raw`: its last equity at or after the last of them, the contract's view where both are known. `closed`: not in the last
-- map of the window, which has every account with a position or with orders that can make one; null when that map is older. `moves`: its deposits and
-- withdrawals between the two equities. `settled_alone`: payloads of bad debt settled in a transaction without a liquidation of it; `settled_later`:
-- those of them that `equity_raw` does not have yet. Parameters: $since, $until.
WITH liquidated AS (
    SELECT chain_id, venue, victim AS account, count(*) AS n, min(block_number) AS first_block, min(block_time) AS first_time,
        max(block_number) AS last_block, list(penalty_raw) AS penalties, list(reward_raw) AS rewards, list(bad_debt_raw) AS bad_debts,
        bool_and(penalty_raw IS NOT NULL AND reward_raw IS NOT NULL AND bad_debt_raw IS NOT NULL) AS has_raw, list(transaction_hash) AS transactions
    FROM stg_keeper_liquidations
    WHERE block_time >= $since AND block_time < $until
    GROUP BY ALL
),

equities AS (
    SELECT chain_id, venue, account, block_number, block_time, basis_time, false AS on_chain, equity_raw FROM stg_keeper_evaluations
    UNION ALL BY NAME
    SELECT chain_id, venue, account, block_number, block_time, block_time AS basis_time, true AS on_chain, equity_chain_raw AS equity_raw
    FROM stg_keeper_account_snapshots
),

earlier AS (
    SELECT chain_id, venue, victim AS account, max(block_number) AS earlier_block FROM stg_keeper_liquidations WHERE block_time < $since GROUP BY ALL
),

before AS (
    SELECT chain_id, venue, account, arg_max(equity_raw, (block_number, basis_time)) AS margin_raw, max(block_number) AS margin_block
    FROM liquidated JOIN equities USING (chain_id, venue, account) LEFT JOIN earlier USING (chain_id, venue, account)
    WHERE block_number >= coalesce(earlier_block, 0) AND block_number < first_block AND basis_time <= first_time
    GROUP BY ALL
),

after AS (
    SELECT chain_id, venue, account, arg_max(equity_raw, (block_number, on_chain)) AS equity_raw, max(block_number) AS equity_block
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
    FROM before JOIN after USING (chain_id, venue, account) JOIN stg_keeper_venue_events USING (chain_id, venue, account)
    WHERE event_name IN ('Deposited', 'Withdrawn') AND block_number > margin_block AND block_number <= equity_block
    GROUP BY ALL
),

alone AS (
    SELECT chain_id, venue, account, list(payload) AS settled_alone, list(payload) FILTER (block_number > equity_block) AS settled_later
    FROM liquidated JOIN stg_keeper_venue_events AS event USING (chain_id, venue, account) LEFT JOIN after USING (chain_id, venue, account)
    WHERE event_name = 'BadDebtSettled' AND block_number >= first_block AND block_time < $until AND NOT list_contains(transactions, event.transaction_hash)
    GROUP BY ALL
)

SELECT
    chain_id, venue, account, n, first_time, has_raw, penalties, rewards, bad_debts, margin_raw, equity_raw,
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
