-- Where accounts want to be told what happens to their jobs.
CREATE TABLE hook (
    hook_id    {text} NOT NULL PRIMARY KEY,
    client     {text} NOT NULL,
    url        {text} NOT NULL,
    occasions  {text} NOT NULL,             -- names with spaces between them
    secret     {text} NOT NULL,             -- as it is: what is told is signed with it
    retired    {text} NOT NULL,             -- those before it that may still sign: until when, a space, the secret; one a line
    created_ms BIGINT NOT NULL,
    disabled   BIGINT NOT NULL,
    version    BIGINT NOT NULL
);
CREATE INDEX hook_client ON hook (client, created_ms, hook_id);

-- What each of them is to be told, and was told lately.
CREATE TABLE delivery (
    event_id    {text} NOT NULL PRIMARY KEY,
    number      BIGINT NOT NULL,            -- in the order in which they became known
    hook_id     {text} NOT NULL,
    dialect     {text},                     -- NULL where it is about no job
    public_id   {text},
    occasion    {text} NOT NULL,
    detail      {text} NOT NULL,
    at_ms       BIGINT NOT NULL,
    since_ms    BIGINT NOT NULL,            -- from when the day of attempts counts
    attempts    BIGINT NOT NULL,
    next_ms     BIGINT,                     -- NULL exactly when there is no further attempt
    last_status BIGINT,
    last_error  {text},
    delivered   BIGINT NOT NULL,
    ended_ms    BIGINT,                     -- NULL as long as there are attempts
    version     BIGINT NOT NULL
);
CREATE INDEX delivery_hook ON delivery (hook_id, number);
CREATE INDEX delivery_number ON delivery (number);
CREATE INDEX delivery_waiting ON delivery (hook_id, next_ms, number) WHERE next_ms IS NOT NULL;
CREATE INDEX delivery_ended ON delivery (ended_ms) WHERE ended_ms IS NOT NULL;
