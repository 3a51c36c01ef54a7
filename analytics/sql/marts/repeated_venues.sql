-- Names of the keeper's venues that stand on more chains than one.
SELECT venue FROM stg_keeper_cursors GROUP BY venue HAVING count(DISTINCT chain_id) > 1
