-- Version 3 of the outbox: a transaction may be for several candidates. Those of before have one each. `uses` is domain/use.py's JSON of
-- what a candidate's plan takes; of plans sent before it is not known.

CREATE TABLE parts (
    job_id INTEGER NOT NULL REFERENCES jobs (id),
    position INTEGER NOT NULL,
    candidate_id TEXT NOT NULL,
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    uses TEXT,
    outbid_by TEXT,
    PRIMARY KEY (job_id, position)
);
INSERT INTO parts (job_id, position, candidate_id, venue, account, outbid_by)
    SELECT id, 0, candidate_id, venue, account, outbid_by FROM jobs;
CREATE INDEX parts_by_candidate ON parts (candidate_id);
CREATE INDEX parts_by_account ON parts (venue, account);
CREATE INDEX jobs_by_state ON jobs (state);
DROP INDEX jobs_by_candidate;
ALTER TABLE jobs DROP COLUMN candidate_id;
ALTER TABLE jobs DROP COLUMN venue;
ALTER TABLE jobs DROP COLUMN account;
ALTER TABLE jobs DROP COLUMN outbid_by;
