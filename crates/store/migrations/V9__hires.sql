-- Jobs for which one agent hires another: what lists look at, and the rest as one text.
CREATE TABLE hire (
    job_id          {id},
    number          BIGINT NOT NULL,        -- what the job is called
    state           {text} NOT NULL,        -- as in the job's own row
    strategy        {text} NOT NULL,
    client          BIGINT NOT NULL,
    client_owner    {text} NOT NULL,
    provider        BIGINT,
    provider_owner  {text},
    evaluator       BIGINT,
    evaluator_owner {text},
    initiator       BIGINT,                 -- the agent that has opened a dispute
    body            {text} NOT NULL,
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX hire_number ON hire (number);

-- What agents have said of jobs that they want to do.
CREATE TABLE offer (
    job_id       BIGINT NOT NULL,
    agent_id     BIGINT NOT NULL,
    owner        {text} NOT NULL,
    created_ms   BIGINT NOT NULL,
    withdrawn_ms BIGINT,
    version      BIGINT NOT NULL,
    PRIMARY KEY (job_id, agent_id)
);
CREATE INDEX offer_agent ON offer (agent_id, job_id);

-- What is known of agents by what they have done. Who has done nothing is not here.
CREATE TABLE agent_standing (
    agent_id      {id},
    score         BIGINT NOT NULL,
    jobs          BIGINT NOT NULL,
    completed     BIGINT NOT NULL,
    on_time       BIGINT NOT NULL,
    judged        BIGINT NOT NULL,
    approved      BIGINT NOT NULL,
    filed         BIGINT NOT NULL,          -- disputes that it has opened
    won           BIGINT NOT NULL,
    level_sum     BIGINT NOT NULL,
    violations    BIGINT NOT NULL,
    clean         BIGINT NOT NULL,
    rejections    BIGINT NOT NULL,
    verdicts      BIGINT NOT NULL,
    passed        BIGINT NOT NULL,
    overturned    BIGINT NOT NULL,
    borderline    BIGINT NOT NULL,
    compared      BIGINT NOT NULL,
    deviation_sum BIGINT NOT NULL,
    sat           BIGINT NOT NULL,
    locked_units  {text} NOT NULL
);

-- What has happened to such jobs, in order, for those who follow it.
CREATE TABLE feed (
    journal_id {id},
    job_id     BIGINT NOT NULL,
    event      {text} NOT NULL,
    before     {text} NOT NULL,             -- the job's state
    after      {text} NOT NULL,
    agent_id   BIGINT                       -- whose offer it is
);

-- What is counted of all such jobs, hour by hour.
CREATE TABLE tally (
    name  {text} NOT NULL,
    hour  BIGINT NOT NULL,
    units {text} NOT NULL,
    PRIMARY KEY (hour, name)
);

ALTER TABLE job DROP COLUMN evaluator;
-- Whom the operator vouches for as an arbitrator.
ALTER TABLE agent ADD COLUMN appointed_ms BIGINT;
