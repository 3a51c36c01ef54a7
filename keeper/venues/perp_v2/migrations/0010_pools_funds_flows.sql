-- Pools, insurance funds and account flows out of events that were recorded before these tables were there: the rows that pools.py and flows.py
-- make, and a state where it had changed. A venue of this protocol is one whose parameters were read (ConfigRead). Names and decimals may have
-- been read long after what they describe; where they never were recorded (keeper.record_reads = false) a market goes by its base token, and the
-- decimals of a collateral are null.

CREATE TEMPORARY VIEW perp_v2_events AS
WITH deployments AS (
    SELECT
        chain_id, venue, arg_max(payload ->> 'settlement_token', (block_number, position)) AS settlement_token,
        arg_max((payload ->> 'settlement_decimals')::BIGINT, (block_number, position)) AS settlement_decimals
    FROM venue_events
    WHERE event = 'ConfigRead' AND (payload ->> 'settlement_decimals') IS NOT NULL
    GROUP BY ALL
)

SELECT * FROM venue_events JOIN deployments USING (chain_id, venue);

CREATE TEMPORARY VIEW perp_v2_markets AS
SELECT chain_id, venue, payload ->> 'base_token' AS base_token, arg_max(payload ->> 'name', (block_number, position)) AS name
FROM perp_v2_events
WHERE event = 'MarketNamed'
GROUP BY ALL;

INSERT INTO pool_ranges BY NAME
SELECT
    chain_id, venue, coalesce(name, base_token) AS market, block_number, block_hash, block_time, transaction_hash, log_index,
    pow(1.0001, (payload ->> 'lower_tick')::BIGINT) AS lower_price, pow(1.0001, (payload ->> 'upper_tick')::BIGINT) AS upper_price,
    payload ->> 'liquidity' AS liquidity_raw, 18 AS liquidity_decimals
FROM (SELECT *, payload ->> 'base_token' AS base_token FROM perp_v2_events WHERE event = 'LiquidityChanged')
    LEFT JOIN perp_v2_markets USING (chain_id, venue, base_token)
WHERE liquidity_raw <> '0'
ORDER BY block_number, log_index;

INSERT INTO pool_states BY NAME
SELECT
    chain_id, venue, coalesce(name, base_token) AS market, block_number, block_hash, block_time,
    pow(1.0001, (payload ->> 'tick')::BIGINT) AS price, payload ->> 'liquidity' AS liquidity_raw, 18 AS liquidity_decimals
FROM (SELECT *, payload ->> 'base_token' AS base_token FROM perp_v2_events WHERE event = 'MarketRead' AND source = 'refresh')
    LEFT JOIN perp_v2_markets USING (chain_id, venue, base_token)
WHERE (payload ->> 'sqrt_price_x96') <> '0'
QUALIFY (price, liquidity_raw) IS DISTINCT FROM lag((price, liquidity_raw)) OVER (PARTITION BY chain_id, venue, base_token ORDER BY block_number)
ORDER BY block_number, position;

INSERT INTO insurance_funds BY NAME
SELECT
    chain_id, venue, block_number, block_hash, block_time, payload ->> 'capacity_raw' AS capacity_raw, settlement_decimals AS decimals,
    capacity_raw::DOUBLE / pow(10, settlement_decimals) AS capacity_usd
FROM perp_v2_events
WHERE event = 'InsuranceFundRead' AND source = 'refresh'
QUALIFY capacity_raw IS DISTINCT FROM lag(capacity_raw) OVER (PARTITION BY chain_id, venue ORDER BY block_number)
ORDER BY block_number;

INSERT INTO account_flows BY NAME
WITH tokens AS (
    SELECT chain_id, venue, payload ->> 'token' AS token, arg_max((payload ->> 'decimals')::BIGINT, (block_number, position)) AS token_decimals
    FROM perp_v2_events
    WHERE event = 'CollateralDescribed'
    GROUP BY ALL
),

flows AS (
    SELECT
        *, CASE event WHEN 'Deposited' THEN 'deposit' WHEN 'Withdrawn' THEN 'withdrawal' ELSE 'bad_debt' END AS kind,
        CASE event WHEN 'BadDebtSettled' THEN settlement_token ELSE payload ->> 'collateral_token' END AS token
    FROM perp_v2_events
    WHERE event IN ('Deposited', 'Withdrawn', 'BadDebtSettled')
)

SELECT
    chain_id, venue, payload ->> 'trader' AS account, block_number, block_hash, block_time, transaction_hash, log_index, kind, token,
    payload ->> 'amount' AS amount_raw, CASE token WHEN settlement_token THEN settlement_decimals ELSE token_decimals END AS decimals
FROM flows LEFT JOIN tokens USING (chain_id, venue, token)
ORDER BY block_number, log_index;

DROP VIEW perp_v2_markets;
DROP VIEW perp_v2_events;
