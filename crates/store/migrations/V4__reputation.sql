-- What jobs and time say of a worker, weighed: sums that fade, jobs in 2^20ths and time in milliseconds.
ALTER TABLE worker ADD COLUMN rep_paid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_unproven BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_placed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_compared BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_connected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_watched BIGINT NOT NULL DEFAULT 0;
ALTER TABLE worker ADD COLUMN rep_watched_ms BIGINT;         -- NULL until somebody has looked
ALTER TABLE worker ADD COLUMN rep_hour BIGINT NOT NULL DEFAULT 0;

-- What a delivery says of its worker, until it counts; and whether the worker had a stake.
ALTER TABLE job ADD COLUMN placing_bps BIGINT;                  -- NULL if it was not compared
ALTER TABLE job ADD COLUMN blamed BIGINT;                   -- NULL where nothing was delivered
ALTER TABLE job ADD COLUMN staked BIGINT;
