-- What enclaves have said of the capital of jobs, whatever it is worth.
CREATE TABLE snapshot (
    journal_id  {id},
    job_id      BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    standing    {text} NOT NULL,        -- attested, stale or unattested
    flaw        {text},                 -- the code of what is wrong with it
    report      {text} NOT NULL,        -- canonical JSON
    attestation {text}                  -- JSON
);
CREATE INDEX snapshot_job ON snapshot (job_id, journal_id);
