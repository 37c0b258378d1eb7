-- One text for both databases. {id} is the integer primary key, {bytes} a byte string.
-- Instants are milliseconds since 1970, amounts are decimal text, counts and versions are BIGINT.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE policy (
    policy_id {id},
    body      TEXT NOT NULL UNIQUE
);

-- Small and hot: what a state needs. Payloads and results live apart.
CREATE TABLE job (
    job_id        {id},
    dialect       TEXT     NOT NULL,
    public_id     TEXT     NOT NULL,
    client        TEXT     NOT NULL,
    evaluator     BIGINT,
    skill         TEXT     NOT NULL,
    model         TEXT,
    speed         TEXT     NOT NULL,
    private       SMALLINT NOT NULL,
    asset         TEXT     NOT NULL,
    decimals      SMALLINT NOT NULL,
    price_units   TEXT     NOT NULL,
    policy_id     BIGINT   NOT NULL,
    created_ms    BIGINT   NOT NULL,
    finish_by_ms  BIGINT,
    attempts      BIGINT   NOT NULL,
    tried         TEXT     NOT NULL,
    state         TEXT     NOT NULL,
    deadline_ms   BIGINT,                     -- NULL exactly when the state is final
    worker_id     TEXT,
    attempt_epoch BIGINT,
    attempt       BIGINT,
    output_hash   TEXT,
    receipt_hash  TEXT,
    voucher       TEXT,
    input_tokens  BIGINT,
    output_tokens BIGINT,
    charge_units  TEXT,
    outcome       TEXT,                       -- why it was closed, what was ruled, what was judged
    ended_ms      BIGINT,
    escrow_units  TEXT     NOT NULL,
    vesting_units TEXT     NOT NULL,
    version       BIGINT   NOT NULL           -- one more for every event; guards every update
);
CREATE UNIQUE INDEX job_public ON job (public_id, dialect);
CREATE INDEX job_client ON job (client, job_id);
CREATE INDEX job_deadline ON job (deadline_ms) WHERE deadline_ms IS NOT NULL;

CREATE TABLE payload (
    job_id {id},
    body   {bytes} NOT NULL
);

CREATE TABLE result (
    job_id   {id},
    output   {bytes} NOT NULL,
    receipt  {bytes} NOT NULL,
    decision TEXT    NOT NULL                 -- why this worker was chosen
);

CREATE TABLE journal (
    journal_id {id},
    job_id     BIGINT,
    version    BIGINT NOT NULL,
    at_ms      BIGINT NOT NULL,
    event      TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    leaf_index BIGINT
);
CREATE INDEX journal_job ON journal (job_id, version);

CREATE TABLE transfer (
    transfer_id  {id},
    journal_id   BIGINT   NOT NULL,
    from_account TEXT     NOT NULL,
    to_account   TEXT     NOT NULL,
    from_own     SMALLINT NOT NULL,           -- 0 for a job's own account, which has no statement
    to_own       SMALLINT NOT NULL,
    asset        TEXT     NOT NULL,
    decimals     SMALLINT NOT NULL,
    units        TEXT     NOT NULL CHECK (units NOT LIKE '-%')
);
CREATE INDEX transfer_from ON transfer (from_account, transfer_id) WHERE from_own = 1;
CREATE INDEX transfer_to ON transfer (to_account, transfer_id) WHERE to_own = 1;

-- The balances of accounts that are not a job's own.
CREATE TABLE balance (
    account  TEXT     NOT NULL,
    asset    TEXT     NOT NULL,
    decimals SMALLINT NOT NULL,
    units    TEXT     NOT NULL,
    PRIMARY KEY (account, asset)
);

CREATE TABLE claim (
    claim_key  TEXT   NOT NULL PRIMARY KEY,
    request    TEXT   NOT NULL,
    dialect    TEXT   NOT NULL,
    public_id  TEXT   NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE outbox (
    job_id  BIGINT NOT NULL,
    version BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    PRIMARY KEY (job_id, version, kind)
);

CREATE TABLE log_leaf (
    leaf_index {id},
    entry      {bytes} NOT NULL,
    hash       {bytes} NOT NULL
);

-- The roots of complete tiles: level L covers 256^L leaves.
CREATE TABLE log_node (
    level      SMALLINT NOT NULL,
    node_index BIGINT   NOT NULL,
    hash       {bytes}  NOT NULL,
    PRIMARY KEY (level, node_index)
);

CREATE TABLE worker (
    worker_id     TEXT     NOT NULL PRIMARY KEY,
    proven        SMALLINT NOT NULL,
    suspended     SMALLINT NOT NULL,
    completed     BIGINT   NOT NULL,
    failed        BIGINT   NOT NULL,
    first_seen_ms BIGINT   NOT NULL,
    version       BIGINT   NOT NULL
);

CREATE TABLE pairing (
    code       TEXT   NOT NULL PRIMARY KEY,
    client     TEXT   NOT NULL,
    expires_ms BIGINT NOT NULL,
    claimed_by TEXT,
    version    BIGINT NOT NULL
);

CREATE TABLE trust (
    client    TEXT   NOT NULL,
    worker_id TEXT   NOT NULL,
    since_ms  BIGINT NOT NULL,
    PRIMARY KEY (client, worker_id)
);
