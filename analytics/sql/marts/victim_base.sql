-- Base units liquidated of one asset on one venue, stage trader. Parameters: $since, $until, $underlying, $venue.
SELECT sum(base)
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND underlying = $underlying AND venue = $venue AND stage = 'trader'
