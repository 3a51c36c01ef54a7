-- Every venue event; `payload` is the event as JSON. `from_log` is false for what was read, not told.
SELECT
    chain_id,
    venue,
    block_number,
    block_hash,
    block_time,
    position AS event_position,
    source = 'log' AS from_log,
    event AS event_name,
    account,
    transaction_hash,
    log_index,
    payload
FROM lake.main.venue_events
