-- Every file read, what was taken and what not, and what its reader should know.
SELECT kind, source_file, imported_at, rows, duplicates, rejects, skipped, notes, content_sha256, options
FROM market.imports
