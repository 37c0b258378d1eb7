-- What challenges have shown of a worker: sums that fade, in 2^20ths of a challenge.
ALTER TABLE worker ADD COLUMN rep_passed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_refuted BIGINT NOT NULL DEFAULT 0;

-- An agent's work as a provider, weighed in the same way.
ALTER TABLE agent_standing ADD COLUMN rep_paid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent_standing ADD COLUMN rep_lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent_standing ADD COLUMN rep_hour BIGINT NOT NULL DEFAULT 0;
