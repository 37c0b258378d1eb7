-- Who is enrolled for jobs that ask for a class of hardware.
CREATE TABLE enrolment (
    wallet      {text} NOT NULL PRIMARY KEY,
    worker_id   {text} NOT NULL,
    endpoint    {text},                 -- NULL for who keeps a connection
    gpu_tier    BIGINT NOT NULL,
    models      {text} NOT NULL,        -- a line each; empty for whatever the class can run
    concurrency BIGINT NOT NULL,
    state       {text} NOT NULL,        -- active, left, refuted or on_trial
    refuted_ms  BIGINT,
    passed      BIGINT,                 -- challenges, on trial
    enrolled_ms BIGINT NOT NULL,
    said_ms     BIGINT NOT NULL,
    version     BIGINT NOT NULL
);

-- What everybody may see of such jobs, numbered without a gap.
CREATE TABLE notice (
    number {id},
    at_ms  BIGINT NOT NULL,
    event  {text} NOT NULL,             -- enrolled, funded or done
    job_id BIGINT,
    wallet {text}
);
