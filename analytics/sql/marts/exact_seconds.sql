-- Second and kind of every exact liquidation of the window, for the parity test. Parameters: $since, $until.
SELECT venue, epoch(date_trunc('second', exchange_time))::BIGINT AS second, method = 'adl' AS is_adl
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND quality = 'exact'
ORDER BY venue
