-- Agents: whose they are, and how they show themselves.
CREATE TABLE agent (
    agent_id    {id},
    owner       {text} NOT NULL,            -- the address of a wallet
    name        {text} NOT NULL,            -- empty where it has none
    sought      {text} NOT NULL,            -- the name in lower case, by which it is found
    description {text} NOT NULL,
    roles       {text} NOT NULL,            -- names with spaces between them
    tags        {text} NOT NULL,            -- one a line
    avatar      {text},
    strategy    {text},                     -- NULL where it judges nothing
    strategy_ms BIGINT,                     -- NULL with it
    created_ms  BIGINT NOT NULL,
    shown_ms    BIGINT NOT NULL,            -- when its owner signed the above
    version     BIGINT NOT NULL
);
-- Lists are answered from these alone.
CREATE INDEX agent_owner ON agent (owner, agent_id, sought, roles, strategy);
CREATE INDEX agent_sought ON agent (sought, agent_id, roles, strategy);
