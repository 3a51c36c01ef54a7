-- Depth that is in the lake and must not be used, and why: for the data-quality notes of a report.
SELECT
    venue, market, flag, count(DISTINCT exchange_time) AS snapshots, min(exchange_time) AS first_time, max(exchange_time) AS last_time, source_file
FROM market.depth
WHERE NOT usable
GROUP BY venue, market, flag, source_file
