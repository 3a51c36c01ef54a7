-- What each venue's liquidations cover: first, last, number, and the longest silence. Parameters: $since, $until.
WITH asked AS (
    SELECT
        chain_id, venue, quality, exchange_time,
        exchange_time - lag(exchange_time) OVER (PARTITION BY chain_id, venue, quality ORDER BY exchange_time) AS silence
    FROM ledger
    WHERE exchange_time >= $since AND exchange_time < $until
)

SELECT
    chain_id, venue, quality, count(*) AS n, min(exchange_time) AS first_time, max(exchange_time) AS last_time, epoch(max(silence)) AS longest_silence_s,
    arg_max(exchange_time, silence) AS silence_until
FROM asked
GROUP BY chain_id, venue, quality
ORDER BY n DESC, venue, chain_id
