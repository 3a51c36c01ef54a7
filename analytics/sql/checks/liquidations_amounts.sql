-- M24: no amount is negative, and the exact integers say the same as the floats.
SELECT *
FROM stg_keeper_liquidations
WHERE block_time >= $since AND block_time < $until AND (
    penalty_usd < 0 OR reward_usd < 0 OR bad_debt_usd < 0
    OR TRY_CAST(penalty_raw AS HUGEINT) < 0 OR TRY_CAST(reward_raw AS HUGEINT) < 0 OR TRY_CAST(bad_debt_raw AS HUGEINT) < 0
    OR abs(penalty_raw::DOUBLE / pow(10, usd_decimals) - penalty_usd) > 1e-9 * abs(penalty_usd)
    OR abs(reward_raw::DOUBLE / pow(10, usd_decimals) - reward_usd) > 1e-9 * abs(reward_usd)
    OR abs(bad_debt_raw::DOUBLE / pow(10, usd_decimals) - bad_debt_usd) > 1e-9 * abs(bad_debt_usd)
)
