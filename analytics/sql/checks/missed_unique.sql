-- M25: a miss is told once per account and block.
SELECT chain_id, venue, account, until_block, count(*) AS copies
FROM mart_missed_accounts
GROUP BY ALL
HAVING count(*) > 1
