-- Version 2 of the outbox: which transactions' rows the lake has committed. Those of version 1 are compared with the lake at the next start.

ALTER TABLE transactions ADD COLUMN reported INTEGER NOT NULL DEFAULT 0;
CREATE INDEX transactions_unreported ON transactions (reported) WHERE reported = 0;
CREATE INDEX jobs_unreported ON jobs (reported) WHERE reported = 0;
