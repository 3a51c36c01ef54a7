-- What came into an account or left it: `kind` is 'deposit', 'withdrawal' or 'bad_debt' (paid for it by somebody else). Exact integers of `token` as
-- text; `decimals` is null where nothing tells them.
SELECT
    chain_id,
    venue,
    account,
    block_number,
    block_hash,
    block_time,
    transaction_hash,
    log_index,
    kind,
    token,
    amount_raw,
    decimals
FROM lake.main.account_flows
