-- What a client asked who waits for the answer: after a restart he may come back with the same request.
ALTER TABLE job ADD COLUMN request {text};      -- its digest, NULL where nobody waits
