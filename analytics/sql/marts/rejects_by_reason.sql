-- Rows of files that were not taken, by file and reason, with the first line and its text.
SELECT source_file, reason, count(*) AS n, min(line) AS first_line, arg_min(raw_text, line) AS first_text
FROM stg_market_rejects
GROUP BY source_file, reason
ORDER BY n DESC, source_file, reason
