-- Second and kind of every exact liquidation of the window, per venue (of a chain), for the parity test. Parameters: $since, $until.
SELECT chain_id, venue, list({'second': epoch(date_trunc('second', exchange_time))::BIGINT, 'is_adl': method = 'adl'}) AS liquidations
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND quality = 'exact'
GROUP BY chain_id, venue
ORDER BY venue, chain_id
