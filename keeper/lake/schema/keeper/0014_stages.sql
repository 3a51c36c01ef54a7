-- When a transaction passed the stages on its way out. NULL for all that was written before, and for raised fees and cancellations.

ALTER TABLE attempts ADD COLUMN seen_at TIMESTAMP;
ALTER TABLE attempts ADD COLUMN decided_at TIMESTAMP;
ALTER TABLE attempts ADD COLUMN checked_at TIMESTAMP;
ALTER TABLE attempts ADD COLUMN committed_at TIMESTAMP;
ALTER TABLE attempts ADD COLUMN accepted_at TIMESTAMP;
