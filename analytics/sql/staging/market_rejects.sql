-- Every row of an imported file that was not taken, with the reason.
SELECT kind, source_file, line, reason, raw_text
FROM market.rejects
