-- Base units liquidated of one asset on one venue, stage trader: of a keeper's venue in one market, of a recorded one in all, because sources write a
-- market's name in different ways. Parameters: $since, $until, $underlying, $chain_id (null of a recording), $venue, $market.
SELECT sum(base)
FROM ledger
WHERE exchange_time >= $since AND exchange_time < $until AND underlying = $underlying AND venue = $venue AND stage = 'trader'
    AND chain_id IS NOT DISTINCT FROM $chain_id AND (chain_id IS NULL OR market = $market)
