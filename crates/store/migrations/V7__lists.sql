-- Lists of a key's jobs through filters: which model each is for stands in the index, so that few rows are looked at.
DROP INDEX job_key;
CREATE INDEX job_key ON job (api_key, job_id, model) WHERE api_key IS NOT NULL;
-- And the few that came to something else than a settlement have one of their own, which costs the others nothing.
CREATE INDEX job_astray ON job (api_key, job_id) WHERE outcome IS NOT NULL OR state = 'rejected';
