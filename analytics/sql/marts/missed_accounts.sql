-- Liquidations that were not the keeper's, with what it had done about the account by then: one row per account and block of somebody else's
-- liquidation, and one per account that its last test found liquidatable in at least two blocks and that nobody liquidated afterwards
-- (`liquidated_block` null). Parameters: $since, $until.
WITH others AS (
    SELECT chain_id, venue, victim AS account, block_number AS liquidated_block, min(block_time) AS moment, any_value(liquidator) AS liquidator,
        sum(notional_usd) AS notional_usd, string_agg(DISTINCT market, ', ' ORDER BY market) AS markets
    FROM stg_keeper_liquidations
    WHERE kind = 'positions' AND NOT by_keeper AND block_time >= $since AND block_time < $until
    GROUP BY ALL
),

tests AS (
    SELECT chain_id, venue, account, block_number, min(block_time) AS block_time, bool_or(liquidatable) AS liquidatable, max(requirement_usd) AS requirement_usd
    FROM stg_keeper_evaluations
    GROUP BY ALL
),

last_tests AS (
    SELECT chain_id, venue, account, max(block_number) AS last_block, max(block_time) AS moment, arg_max(liquidatable, block_number) AS liquidatable,
        count(*) FILTER (liquidatable) AS liquidatable_blocks
    FROM tests
    WHERE block_time >= $since AND block_time < $until
    GROUP BY ALL
),

open AS (
    SELECT chain_id, venue, account, last_block, last_tests.moment
    FROM last_tests
    WHERE liquidatable AND liquidatable_blocks >= 2 AND NOT EXISTS (
        SELECT 1 FROM stg_keeper_liquidations AS done
        WHERE done.chain_id = last_tests.chain_id AND done.venue = last_tests.venue AND done.victim = last_tests.account
            AND done.block_number >= last_tests.last_block
    )
),

missed AS (
    SELECT chain_id, venue, account, liquidated_block, liquidated_block AS until_block, moment, liquidator, notional_usd, markets FROM others
    UNION ALL BY NAME
    SELECT chain_id, venue, account, last_block AS until_block, moment FROM open
),

seen AS (
    SELECT missed.chain_id, missed.venue, missed.account, until_block, min(block_number) FILTER (liquidatable) AS evaluated_block, count(*) AS tests
    FROM missed JOIN tests USING (chain_id, venue, account)
    WHERE tests.block_number <= until_block
    GROUP BY ALL
),

decided AS (
    SELECT missed.chain_id, missed.venue, missed.account, until_block, arg_max(reason, (d.block_number, decided_at)) AS skip,
        max(d.block_number) AS skip_block
    FROM missed JOIN stg_keeper_decisions AS d USING (chain_id, venue, account)
    WHERE d.block_number <= until_block AND action = 'skip'
    GROUP BY ALL
),

simulated AS (
    SELECT missed.chain_id, missed.venue, missed.account, until_block, arg_max(settled, s.block_number) AS settled
    FROM missed JOIN stg_keeper_simulations AS s USING (chain_id, venue, account)
    WHERE s.block_number <= until_block
    GROUP BY ALL
),

sent AS (
    SELECT missed.chain_id, missed.venue, missed.account, until_block, max(a.block_number) AS sent_block
    FROM missed JOIN stg_keeper_attempts AS a USING (chain_id, venue, account)
    WHERE a.block_number <= until_block
    GROUP BY ALL
),

ended AS (
    SELECT missed.chain_id, missed.venue, missed.account, until_block, arg_min(outcome, o.block_number) AS outcome
    FROM missed JOIN sent USING (chain_id, venue, account, until_block) JOIN stg_keeper_outcomes AS o USING (chain_id, venue, account)
    WHERE o.block_number >= sent_block
    GROUP BY ALL
)

SELECT
    missed.chain_id, missed.venue, missed.account, missed.moment, liquidated_block, until_block, liquidator, markets, notional_usd, evaluated_block, coalesce(tests, 0) AS tests,
    skip, skip_block, settled, sent_block, outcome
FROM missed
LEFT JOIN seen USING (chain_id, venue, account, until_block)
LEFT JOIN decided USING (chain_id, venue, account, until_block)
LEFT JOIN simulated USING (chain_id, venue, account, until_block)
LEFT JOIN sent USING (chain_id, venue, account, until_block)
LEFT JOIN ended USING (chain_id, venue, account, until_block)
ORDER BY missed.moment, missed.account, missed.venue, missed.chain_id
