-- Why candidates were left alone: decisions and accounts per reason, and what became of those accounts at or after the decision's block.
-- `missed` is of accounts nobody liquidated afterwards; an account may count under several reasons. Parameters: $since, $until,
-- $venue and $chain_id (null: all).
WITH skips AS (
    SELECT * FROM stg_keeper_decisions
    WHERE action = 'skip' AND block_time >= $since AND block_time < $until
        AND ($venue IS NULL OR venue = $venue) AND ($chain_id IS NULL OR chain_id = $chain_id)
),

accounts AS (
    SELECT chain_id, venue, account, reason, count(*) AS decisions, max(block_number) AS last_block FROM skips GROUP BY ALL
),

fates AS (
    SELECT
        accounts.*,
        bool_or(by_keeper) FILTER (block_number >= last_block) AS by_keeper,
        bool_or(NOT by_keeper) FILTER (block_number >= last_block) AS by_others
    FROM accounts LEFT JOIN stg_keeper_liquidations ON
        stg_keeper_liquidations.chain_id = accounts.chain_id
        AND stg_keeper_liquidations.venue = accounts.venue
        AND stg_keeper_liquidations.victim = accounts.account
    GROUP BY accounts.chain_id, accounts.venue, accounts.account, accounts.reason, accounts.decisions, accounts.last_block
)

SELECT
    reason,
    sum(decisions)::BIGINT AS decisions,
    count(*) AS accounts,
    count(*) FILTER (by_keeper) AS then_by_keeper,
    count(*) FILTER (by_others AND NOT coalesce(by_keeper, false)) AS then_by_others,
    count(*) FILTER (by_keeper IS NULL AND by_others IS NULL) AS then_by_nobody
FROM fates
GROUP BY reason
ORDER BY decisions DESC, reason
