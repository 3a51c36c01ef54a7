# ruff: noqa: S608 constants of this file put together
"""Hyperliquid `node_fills_by_block`: one block per line, every fill once per side.

The `liquidation` object stands on both fills of a trade, so liquidations are one row per trade id and victim. A position closed by
automatic deleveraging shows dir "Auto-Deleveraging" on the winner's fill: method 'adl'. When the venue's own liquidator vault is the
liquidated user, the risk came from a trader before: stage 'vault', never added to traders' totals. Spot fills are mixed in and left
out.
Source: hyperliquid.gitbook.io, "Historical data"; vaults: `vaultDetails` of the HLP, its children and the Liquidator vault."""

from analytics.sources.source import Output, Shape, Source, has_text

COLUMNS = ("block_time", "local_time", "block_number", "events[][user, {coin, px, sz, side, time, dir, crossed, tid, liquidation}]")

VAULTS = (
    "0xdfc24b077bc1425ad1dea75bcb6f8158e10df303",  # HLP
    "0x010461c14e146ac35fe42271bdc1134ee31c703a",  # HLP Strategy A
    "0x31ca8395cf837de08b24da3f660e77761dfb974b",  # HLP Strategy B
    "0x469f690213c467c39a23efacfd2816896009d7d8",  # HLP Strategy X
    "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14",  # HLP Liquidator
    "0xb0a55f13d22f66e6d495ac98113841b2326e9540",  # HLP Liquidator 2
    "0x5e177e5e39c0f4e421f5865a6d8beed8d921cb70",  # HLP Liquidator 3
    "0x2ed5c4484ea3ff8b57d5f2fb152a40d9f2b68308",  # HLP Liquidator 4
    "0x63c621a33714ec48660e32f2374895c8026a3a00",  # Liquidator
)

PARSE = """
WITH block AS (
    SELECT line, TRY_CAST(content AS JSON) AS body FROM raw WHERE trim(content) <> ''
),
event AS (
    SELECT line, body->>'$.block_time' AS block_time, body->>'$.local_time' AS local_time, body->>'$.block_number' AS block_number,
           unnest(body->'$.events[*]') AS event
    FROM block WHERE json_exists(body, '$.events')
),
fill AS (
    SELECT line, block_time, local_time, block_number, lower(event->>'$[0]') AS account,
           from_json(event->'$[1]', '{
               "coin":"VARCHAR","px":"VARCHAR","sz":"VARCHAR","side":"VARCHAR","time":"VARCHAR","startPosition":"VARCHAR",
               "dir":"VARCHAR","crossed":"BOOLEAN","tid":"VARCHAR",
               "liquidation":{"liquidatedUser":"VARCHAR","markPx":"VARCHAR","method":"VARCHAR"}
           }') AS f
    FROM event
)
SELECT line, CASE WHEN regexp_matches(f.coin, '^@|/') THEN 'spot fill' END AS skip, NULL::VARCHAR AS broken, block_time,
    local_time, block_number, account,
       f.coin AS coin, f.px AS px, f.sz AS sz, f.side AS side, f.time AS time, f.startPosition AS start_position, f.dir AS dir,
       f.crossed AS crossed, f.tid AS tid,
       lower(f.liquidation.liquidatedUser) AS victim, f.liquidation.markPx AS mark_px, f.liquidation.method AS method
FROM fill
UNION ALL BY NAME
SELECT line, CASE WHEN body IS NOT NULL THEN 'frame of ' || channel_of(body) END AS skip, CASE WHEN body IS NULL
    THEN 'not JSON' END AS broken
FROM block WHERE body IS NULL OR NOT json_exists(body, '$.events')
"""

# Block times carry no offset; they are UTC when they agree with the fills' Unix milliseconds, which is what is checked.
READ = """
WITH read AS (
    SELECT line, account, coin, side, tid, victim, method, dir, crossed, TRY_CAST(block_number AS BIGINT) AS block_number,
           regexp_replace(coin, '^.*:', '') AS name,
           CASE WHEN regexp_matches(coin, '^k[A-Z]') THEN 1e3 ELSE 1e0 END AS scale,
           time_of_text(block_time) AS exchange_time, time_of_text(local_time) AS receive_time,
           decimal_of(px) AS price, decimal_of(sz) AS size, decimal_of(mark_px) AS mark_price, decimal_of(start_position) AS start_position,
           coalesce(
               broken,
               CASE WHEN coin IS NULL OR tid IS NULL OR account IS NULL THEN 'no coin, trade id or user' END,
               CASE WHEN time_of_text(block_time) IS NULL THEN 'block_time is not a time' END,
               CASE WHEN time_of_ms(time) IS NULL THEN 'time is not in Unix milliseconds' END,
               CASE WHEN abs(epoch_ms(time_of_text(block_time)) - TRY_CAST(time AS BIGINT)) > 1000
                    THEN 'block_time and time disagree: mixed time zones?' END,
               CASE WHEN side IS NULL OR side NOT IN ('A', 'B') THEN 'side is neither A nor B' END,
               not_positive('size', decimal_of(sz)), not_positive('price', decimal_of(px))
           ) AS broken
    FROM parsed WHERE skip IS NULL
),
token AS (
    SELECT * EXCLUDE (name), CASE WHEN scale > 1 THEN substr(name, 2) ELSE name END AS underlying FROM read
)
"""

TRADES = (
    READ
    + """,
trade AS (
    SELECT line, coin, tid, any_value(underlying) AS underlying, any_value(scale) AS scale, any_value(exchange_time) AS exchange_time,
           any_value(receive_time) AS receive_time, any_value(price) AS price, any_value(size) AS size,
           any_value(side) FILTER (crossed) AS taker, any_value(side) FILTER (NOT crossed) AS maker,
           count(DISTINCT (price, size)) > 1 AS unequal
    FROM token WHERE broken IS NULL GROUP BY line, coin, tid
)
SELECT line, CASE WHEN unequal THEN 'the two fills of trade ' || tid || ' differ' END AS reason, 'hyperliquid' AS venue,
    coin AS market, underlying,
       'perpetual' AS instrument, tid AS trade_id, exchange_time, receive_time, 'ns' AS time_resolution,
       CASE coalesce(taker, CASE maker WHEN 'A' THEN 'B' WHEN 'B' THEN 'A' END) WHEN 'B' THEN 'buy' WHEN 'A'
           THEN 'sell' ELSE 'unknown' END AS side,
       price / scale AS price, size * scale AS base, price * size AS notional_usd, 'exact' AS quality
FROM trade
UNION ALL BY NAME
SELECT line, broken AS reason FROM token WHERE broken IS NOT NULL
"""
)

_LIQUIDATIONS = (
    READ
    + """,
victim AS (
    SELECT line, coin, tid, victim, any_value(block_number) AS block_number, any_value(underlying) AS underlying, any_value(scale) AS scale,
           any_value(exchange_time) AS exchange_time, any_value(receive_time) AS receive_time, any_value(price) AS price,
               any_value(size) AS size,
           any_value(mark_price) AS mark_price, any_value(method) AS method, bool_or(dir = 'Auto-Deleveraging') AS adl,
           any_value(side) FILTER (account = victim) AS own_side, any_value(side) FILTER (account <> victim) AS other_side,
           any_value(start_position) FILTER (account = victim) AS start_position
    FROM token WHERE broken IS NULL AND victim IS NOT NULL GROUP BY line, coin, tid, victim
),
sided AS (
    SELECT *, CASE coalesce(own_side, CASE other_side WHEN 'A' THEN 'B' ELSE 'A' END) WHEN 'A'
        THEN 'long' ELSE 'short' END AS position FROM victim
)
SELECT line,
       coalesce(
           CASE WHEN (start_position > 0) <> (position = 'long') THEN 'the fill of ' || victim || ' does not close its position' END,
           CASE WHEN method IS NULL OR method NOT IN ('market', 'backstop') THEN 'unknown liquidation method ' || coalesce(method,
               'null') END
       ) AS reason,
       'hyperliquid' AS venue, coin AS market, underlying, tid AS event_id, exchange_time, receive_time, 'ns' AS time_resolution,
       block_number, victim, position AS side, size * scale AS base, price / scale AS fill_price, mark_price / scale AS mark_price,
       price * size AS fill_notional_usd, price * size AS notional_usd, 'fill' AS price_basis,
       CASE WHEN adl THEN 'adl' WHEN method = 'backstop' THEN 'backstop' ELSE 'book' END AS method,
       CASE WHEN victim IN ({vaults}) THEN 'vault' ELSE 'trader' END AS stage, 'exact' AS quality
FROM sided
"""
)
LIQUIDATIONS = _LIQUIDATIONS.replace("{vaults}", ", ".join(f"'{vault}'" for vault in VAULTS))

HYPERLIQUID_FILLS = Source(
    kind="hyperliquid_fills",
    about="Hyperliquid node_fills_by_block: trades, and liquidations once per victim fill",
    shapes=(
        Shape(
            form="frames",
            columns=COLUMNS,
            fits=has_text('"block_number"'),
            parse=PARSE,
            outputs=(Output("trades", TRADES), Output("liquidations", LIQUIDATIONS)),
        ),
    ),
)
