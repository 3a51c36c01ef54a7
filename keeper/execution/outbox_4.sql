-- Version 4 of the outbox: what a job's contract pays with its calls (the fee of a pushed price), wei as TEXT. Jobs of before paid next to nothing.

ALTER TABLE jobs ADD COLUMN value_wei TEXT NOT NULL DEFAULT '0';
