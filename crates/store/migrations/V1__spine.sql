-- One text for both databases. {id} is the integer primary key, {text} a text that is ordered by its
-- bytes, {bytes} a byte string. Instants are milliseconds since 1970, amounts are decimal text; all that
-- is counted, truth values included, is BIGINT.

CREATE TABLE meta (
    name  {text} NOT NULL PRIMARY KEY,
    value {text} NOT NULL
);

CREATE TABLE policy (
    policy_id {id},
    body      {text} NOT NULL UNIQUE
);

-- Small and hot: what a state needs. Payloads and results live apart.
CREATE TABLE job (
    job_id        {id},
    dialect       {text} NOT NULL,
    public_id     {text} NOT NULL,
    client        {text} NOT NULL,
    evaluator     BIGINT,
    skill         {text} NOT NULL,
    model         {text},
    speed         {text} NOT NULL,
    private       BIGINT NOT NULL,
    asset         {text} NOT NULL,
    decimals      BIGINT NOT NULL,
    price_units   {text} NOT NULL,
    policy_id     BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    finish_by_ms  BIGINT,
    attempts      BIGINT NOT NULL,
    tried         {text} NOT NULL,
    state         {text} NOT NULL,
    deadline_ms   BIGINT,                     -- NULL exactly when the state is final
    worker_id     {text},
    attempt_epoch BIGINT,
    attempt       BIGINT,
    output_hash   {text},
    receipt_hash  {text},
    voucher       {text},
    input_tokens  BIGINT,
    output_tokens BIGINT,
    charge_units  {text},
    outcome       {text},                       -- why it was closed, what was ruled, what was judged
    ended_ms      BIGINT,
    escrow_units  {text} NOT NULL,
    vesting_units {text} NOT NULL,
    version       BIGINT NOT NULL           -- one more for every event; guards every update
);
CREATE UNIQUE INDEX job_public ON job (dialect, public_id);
CREATE INDEX job_client ON job (client, job_id);
CREATE INDEX job_open ON job (job_id) WHERE deadline_ms IS NOT NULL;

CREATE TABLE payload (
    job_id {id},
    body   {bytes} NOT NULL,
    echo   {text}                              -- what the answer repeats of the request; NULL where it is not kept
);

-- Under the number of the change that it came with, not under the job: jobs end in another order than
-- they began, and rows that are not appended leave pages a third empty.
CREATE TABLE result (
    journal_id {id},
    output     {bytes} NOT NULL,
    receipt    {bytes} NOT NULL,
    decision   {text} NOT NULL               -- why this worker was chosen
);

CREATE TABLE journal (
    journal_id  {id},
    job_id      BIGINT,
    version     BIGINT NOT NULL,
    at_ms       BIGINT NOT NULL,
    event       {text} NOT NULL,
    detail      {text} NOT NULL,
    leaf_index  BIGINT,
    transfer_id BIGINT,                     -- the first of its transfers, NULL if it has none
    transfers   BIGINT NOT NULL             -- how many it has; their numbers follow each other
);
CREATE INDEX journal_job ON journal (job_id, version);

CREATE TABLE transfer (
    transfer_id  {id},
    journal_id   BIGINT NOT NULL,
    from_account {text} NOT NULL,
    to_account   {text} NOT NULL,
    from_own     BIGINT NOT NULL,           -- 0 for a job's own account, which has no statement
    to_own       BIGINT NOT NULL,
    asset        {text} NOT NULL,
    decimals     BIGINT NOT NULL,
    units        {text} NOT NULL CHECK (units NOT LIKE '-%')
);
CREATE INDEX transfer_from ON transfer (from_account, transfer_id) WHERE from_own = 1;
CREATE INDEX transfer_to ON transfer (to_account, transfer_id) WHERE to_own = 1;

-- The balances of accounts that are not a job's own.
CREATE TABLE balance (
    account  {text} NOT NULL,
    asset    {text} NOT NULL,
    decimals BIGINT NOT NULL,
    units    {text} NOT NULL,
    PRIMARY KEY (account, asset, decimals)
);

CREATE TABLE claim (
    claim_key  {text} NOT NULL PRIMARY KEY,
    request    {text} NOT NULL,
    dialect    {text} NOT NULL,
    public_id  {text} NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE log_leaf (
    leaf_index {id},
    entry      {bytes} NOT NULL,
    hash       {bytes} NOT NULL
);

-- The roots of complete tiles: level L covers 256^L leaves.
CREATE TABLE log_node (
    level      BIGINT NOT NULL,
    node_index BIGINT NOT NULL,
    hash       {bytes}  NOT NULL,
    PRIMARY KEY (level, node_index)
);

CREATE TABLE worker (
    worker_id     {text} NOT NULL PRIMARY KEY,
    proven        BIGINT NOT NULL,
    suspended     BIGINT NOT NULL,
    completed     BIGINT NOT NULL,
    failed        BIGINT NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    version       BIGINT NOT NULL
);

CREATE TABLE pairing (
    code       {text} NOT NULL PRIMARY KEY,
    client     {text} NOT NULL,
    expires_ms BIGINT NOT NULL,
    claimed_by {text},
    version    BIGINT NOT NULL
);

CREATE TABLE trust (
    client    {text} NOT NULL,
    worker_id {text} NOT NULL,
    since_ms  BIGINT NOT NULL,
    PRIMARY KEY (client, worker_id)
);
