-- API keys: by the beginning of the digest of their secret, which is kept nowhere.
CREATE TABLE api_key (
    number     {text} NOT NULL PRIMARY KEY,
    key_hash   {text} NOT NULL,
    client     {text} NOT NULL,
    label      {text} NOT NULL,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT,                      -- NULL while it is in use
    limit_day  {text},                      -- NULL where there is no limit
    limit_all  {text},
    version    BIGINT NOT NULL
);
CREATE INDEX api_key_client ON api_key (client, number);

-- What keys have spent: holds, less what came back of them.
CREATE TABLE key_spending (
    spent {text} NOT NULL PRIMARY KEY,      -- the key's number and the day since 1970, as `number/20000`; or `number/all`
    units {text} NOT NULL
);

ALTER TABLE job ADD COLUMN api_key {text};  -- the digest of the key under which it was asked for
CREATE INDEX job_key ON job (api_key, job_id) WHERE api_key IS NOT NULL;
