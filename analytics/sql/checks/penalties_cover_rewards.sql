-- M24: where an insurance fund takes what a penalty leaves, the liquidator's reward is out of the penalty and never above it. A venue without one pays
-- rewards itself.
SELECT *
FROM stg_keeper_liquidations SEMI JOIN stg_keeper_insurance_funds USING (chain_id, venue)
WHERE block_time >= $since AND block_time < $until
    AND (penalty_usd < reward_usd OR TRY_CAST(penalty_raw AS HUGEINT) < TRY_CAST(reward_raw AS HUGEINT))
