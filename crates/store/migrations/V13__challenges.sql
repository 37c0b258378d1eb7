-- Tests of those who are enrolled for a class of hardware.
CREATE TABLE challenge (
    challenge_id {id},                  -- the number of its first job
    wallet       {text} NOT NULL,
    worker_id    {text} NOT NULL,
    model        {text} NOT NULL,
    probes       {text} NOT NULL,       -- a line for each question: job, reference, what came of it
    state        {text} NOT NULL,       -- open, passed, failed or void
    why          {text},                -- why it was failed or is void
    opened_ms    BIGINT NOT NULL,
    by_ms        BIGINT NOT NULL,
    ended_ms     BIGINT,                -- NULL while it is open
    version      BIGINT NOT NULL
);
CREATE INDEX challenge_open ON challenge (challenge_id) WHERE ended_ms IS NULL;
CREATE INDEX challenge_wallet ON challenge (wallet, challenge_id);

-- What trusted workers have answered to questions.
CREATE TABLE reference (
    job_id    {id},                     -- the job by which it was made
    worker_id {text} NOT NULL,
    model     {text} NOT NULL,
    weights   {text} NOT NULL,          -- their digest; empty where the worker declared none
    question  {text} NOT NULL,
    answer    {text} NOT NULL,
    made_ms   BIGINT NOT NULL
);
CREATE INDEX reference_model ON reference (model, made_ms);
