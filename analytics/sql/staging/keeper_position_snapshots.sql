-- Open positions at a block. Size in base units, + long; the liquidation price holds everything else still.
-- Rows and lakes of the keeper's first schemas know no underlying: their markets were named by it; and their raw amounts had 18 decimals.
SELECT
    chain_id,
    venue,
    market,
    coalesce(underlying, market) AS underlying,
    account,
    block_number,
    block_hash,
    block_time,
    CASE WHEN size >= 0 THEN 'long' ELSE 'short' END AS side,
    abs(size) AS size_base,
    abs(open_notional_usd) AS open_notional_usd,
    mark_price AS mark_price_usd,
    abs(size) * mark_price AS notional_usd,
    liquidation_price AS liquidation_price_usd,
    equity_usd,
    requirement_usd,
    has_orders,
    coalesce(size_decimals, 18) AS size_decimals,
    coalesce(usd_decimals, 18) AS usd_decimals,
    size_raw,
    open_notional_raw
FROM (
    FROM lake.main.position_snapshots
    UNION ALL BY NAME
    SELECT NULL::VARCHAR AS underlying, NULL::BIGINT AS size_decimals, NULL::BIGINT AS usd_decimals WHERE false
)
