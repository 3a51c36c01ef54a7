-- Usable rebuilt books, one row per level, best first (level 1). Beyond `covered_to_usd` levels were not recorded in full.
SELECT
    venue, market, underlying, exchange_time, receive_time, mid_price AS mid_price_usd, 'bid' AS side, generate_subscripts(bid_prices, 1) AS level,
    unnest(bid_prices) AS price_usd, unnest(bid_sizes) AS size_base, bid_floor AS covered_to_usd
FROM market.book_snapshots
WHERE usable
UNION ALL
SELECT
    venue, market, underlying, exchange_time, receive_time, mid_price, 'ask', generate_subscripts(ask_prices, 1), unnest(ask_prices), unnest(ask_sizes),
    ask_ceiling
FROM market.book_snapshots
WHERE usable
