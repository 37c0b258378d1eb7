//! Writing to SQLite: one transaction for a group, one prepared statement for each kind of row.

use super::{WriteConnection, failed, list};
use crate::backend::{Backend, Loaded, Needs, Resumed, Seen};
use crate::batch::Batch;
use crate::error::StoreError;
use crate::recall::{self, Lookup};
use crate::rows::{Kind, Rows};
use crate::value::{Columns, Value};
use rusqlite::{Connection, params_from_iter};

/// Nobody else writes, so who cannot begin learns it at once.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// So many changes make a group for which a sync of all its pages costs less than writing them twice.
const LARGE: usize = 32;

/// So many changes are carried out together. Rows that several of them write are written once.
const TOGETHER: usize = 64;

const COUNT_START: &str = "INSERT INTO meta (name, value) VALUES ('epoch', '1') \
     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";

const NAME_DATABASE: &str =
    "INSERT INTO meta (name, value) VALUES ('redo_of', abs(random())) ON CONFLICT DO NOTHING";

/// Says up to which group of the redo log the database has all.
const COUNT_GROUP: &str = "INSERT INTO meta (name, value) VALUES ('redo', ?1) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// The statement for a kind of row, and its parameters in the order of the row's values.
const fn statement(kind: Kind) -> &'static str {
    match kind {
        Kind::NewPolicy => "INSERT INTO policy (policy_id, body) VALUES (?1, ?2)",
        Kind::NewJob => {
            "INSERT INTO job (job_id, dialect, public_id, client, skill, model, speed, private, asset, \
             decimals, price_units, policy_id, created_ms, finish_by_ms, attempts, tried, state, deadline_ms, \
             escrow_units, vesting_units, version, api_key, needs, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
             ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)"
        }
        Kind::ChangedJob => {
            "UPDATE job SET finish_by_ms = ?2, attempts = ?3, tried = ?4, state = ?5, deadline_ms = ?6, \
             worker_id = ?7, attempt_epoch = ?8, attempt = ?9, output_hash = ?10, receipt_hash = ?11, \
             voucher = ?12, input_tokens = ?13, output_tokens = ?14, charge_units = ?15, outcome = ?16, \
             ended_ms = ?17, escrow_units = ?18, vesting_units = ?19, version = ?20, placing_bps = ?21, blamed = ?22, staked = ?23 \
             WHERE job_id = ?1 AND version < ?20"
        }
        Kind::Payload => "INSERT INTO payload (job_id, body, echo) VALUES (?1, ?2, ?3)",
        Kind::Result => "INSERT INTO result (journal_id, output, receipt, decision) VALUES (?1, ?2, ?3, ?4)",
        Kind::Journal => {
            "INSERT INTO journal (journal_id, job_id, version, at_ms, event, detail, leaf_index, transfer_id, \
             transfers) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
        Kind::Transfer => {
            "INSERT INTO transfer (transfer_id, journal_id, from_account, to_account, from_own, to_own, asset, \
             decimals, units) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
        Kind::NewBalance => "INSERT INTO balance (account, asset, decimals, units) VALUES (?1, ?2, ?3, ?4)",
        Kind::ChangedBalance => {
            "UPDATE balance SET units = ?4 WHERE account = ?1 AND asset = ?2 AND decimals = ?3 AND units = ?5"
        }
        Kind::Claim => {
            "INSERT INTO claim (claim_key, request, dialect, public_id, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
        }
        Kind::Leaf => "INSERT INTO log_leaf (leaf_index, entry, hash) VALUES (?1, ?2, ?3)",
        Kind::Node => "INSERT INTO log_node (level, node_index, hash) VALUES (?1, ?2, ?3)",
        Kind::Worker => {
            "INSERT INTO worker (worker_id, proven, suspended, completed, failed, first_seen_ms, version) \
             VALUES (?1, ?2, ?3, 0, 0, ?4, ?5) ON CONFLICT (worker_id) DO UPDATE SET proven = excluded.proven, \
             suspended = excluded.suspended, version = excluded.version WHERE worker.version < excluded.version"
        }
        Kind::Standing => {
            "UPDATE worker SET completed = ?2, failed = ?3, rep_paid = ?4, rep_lost = ?5, rep_unproven = ?6, \
             rep_placed = ?7, rep_compared = ?8, rep_connected = ?9, rep_watched = ?10, rep_watched_ms = ?11, \
             rep_hour = ?12, rep_passed = ?13, rep_refuted = ?14 WHERE worker_id = ?1"
        }
        Kind::Pairing => {
            "INSERT INTO pairing (code, client, expires_ms, claimed_by, version) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (code) DO UPDATE SET claimed_by = excluded.claimed_by, version = excluded.version \
             WHERE pairing.version < excluded.version"
        }
        Kind::Trust => {
            "INSERT INTO trust (client, worker_id, since_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        }
        Kind::ApiKey => {
            "INSERT INTO api_key (number, key_hash, client, label, created_ms, revoked_ms, limit_day, limit_all, \
             version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (number) DO UPDATE SET \
             revoked_ms = excluded.revoked_ms, version = excluded.version WHERE api_key.version < excluded.version"
        }
        Kind::NewSpending => "INSERT INTO key_spending (spent, units) VALUES (?1, ?2)",
        Kind::ChangedSpending => "UPDATE key_spending SET units = ?2 WHERE spent = ?1 AND units = ?3",
        Kind::Hook => {
            "INSERT INTO hook (hook_id, client, url, occasions, secret, created_ms, disabled, version, retired) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (hook_id) DO UPDATE SET \
             secret = excluded.secret, retired = excluded.retired, disabled = excluded.disabled, version = excluded.version WHERE hook.version < excluded.version"
        }
        Kind::DeletedHook => "DELETE FROM hook WHERE hook_id = ?1",
        Kind::NewDelivery => {
            "INSERT INTO delivery (event_id, number, hook_id, dialect, public_id, occasion, detail, at_ms, since_ms, \
             attempts, next_ms, last_status, last_error, delivered, ended_ms, version) VALUES (?1, ?2, ?3, ?4, ?5, \
             ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ON CONFLICT DO NOTHING"
        }
        Kind::ChangedDelivery => {
            "UPDATE delivery SET since_ms = ?2, attempts = ?3, next_ms = ?4, last_status = ?5, last_error = ?6, \
             delivered = ?7, ended_ms = ?8, version = ?9 WHERE event_id = ?1 AND version < ?9"
        }
        Kind::ForgottenDelivery => "DELETE FROM delivery WHERE event_id = ?1",
        Kind::Agent => {
            "INSERT INTO agent (agent_id, owner, name, sought, description, roles, tags, avatar, strategy, strategy_ms, \
             created_ms, shown_ms, version, appointed_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (agent_id) DO UPDATE SET \
             owner = excluded.owner, name = excluded.name, sought = excluded.sought, \
             description = excluded.description, roles = excluded.roles, tags = excluded.tags, \
             avatar = excluded.avatar, strategy = excluded.strategy, strategy_ms = excluded.strategy_ms, shown_ms = excluded.shown_ms, appointed_ms = excluded.appointed_ms, version = excluded.version WHERE agent.version < excluded.version"
        }
        Kind::Hire => {
            "INSERT INTO hire (job_id, number, state, strategy, client, client_owner, provider, \
             provider_owner, evaluator, evaluator_owner, initiator, body, version) VALUES (?1, ?2, ?3, ?4, \
             ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (job_id) DO UPDATE SET state = \
             excluded.state, provider = excluded.provider, provider_owner = excluded.provider_owner, \
             evaluator = excluded.evaluator, evaluator_owner = excluded.evaluator_owner, initiator = \
             excluded.initiator, body = excluded.body, version = excluded.version WHERE hire.version < \
             excluded.version"
        }
        Kind::Offer => {
            "INSERT INTO offer (job_id, agent_id, owner, created_ms, withdrawn_ms, version) VALUES (?1, ?2, \
             ?3, ?4, ?5, ?6) ON CONFLICT (job_id, agent_id) DO UPDATE SET withdrawn_ms = \
             excluded.withdrawn_ms, version = excluded.version WHERE offer.version < excluded.version"
        }
        Kind::AgentStanding => {
            "INSERT INTO agent_standing (agent_id, score, jobs, completed, on_time, judged, approved, filed, \
             won, level_sum, violations, clean, rejections, verdicts, passed, overturned, borderline, \
             compared, deviation_sum, sat, locked_units, rep_paid, rep_lost, rep_hour) VALUES (?1, ?2, ?3, ?4, \
             ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24) ON CONFLICT (agent_id) DO UPDATE SET \
             score = excluded.score, jobs = excluded.jobs, completed = excluded.completed, on_time = \
             excluded.on_time, judged = excluded.judged, approved = excluded.approved, filed = \
             excluded.filed, won = excluded.won, level_sum = excluded.level_sum, violations = \
             excluded.violations, clean = excluded.clean, rejections = excluded.rejections, verdicts = \
             excluded.verdicts, passed = excluded.passed, overturned = excluded.overturned, borderline = \
             excluded.borderline, compared = excluded.compared, deviation_sum = excluded.deviation_sum, sat = \
             excluded.sat, locked_units = excluded.locked_units, rep_paid = excluded.rep_paid, \
             rep_lost = excluded.rep_lost, rep_hour = excluded.rep_hour"
        }
        Kind::NewTally => "INSERT INTO tally (name, hour, units) VALUES (?1, ?2, ?3)",
        Kind::ChangedTally => "UPDATE tally SET units = ?3 WHERE name = ?1 AND hour = ?2 AND units = ?4",
        Kind::Snapshot => {
            "INSERT INTO snapshot (journal_id, job_id, received_ms, standing, flaw, report, attestation) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        }
        Kind::Enrolment => {
            "INSERT INTO enrolment (wallet, worker_id, endpoint, gpu_tier, models, concurrency, state, refuted_ms, \
             passed, enrolled_ms, said_ms, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (wallet) DO UPDATE SET worker_id = excluded.worker_id, endpoint = excluded.endpoint, \
             gpu_tier = excluded.gpu_tier, models = excluded.models, concurrency = excluded.concurrency, \
             state = excluded.state, refuted_ms = excluded.refuted_ms, passed = excluded.passed, \
             said_ms = excluded.said_ms, version = excluded.version WHERE enrolment.version < excluded.version"
        }
        Kind::Notice => {
            "INSERT INTO notice (number, at_ms, event, job_id, wallet) VALUES (?1, ?2, ?3, ?4, ?5)"
        }
        Kind::Challenge => {
            "INSERT INTO challenge (challenge_id, wallet, worker_id, model, probes, state, why, opened_ms, by_ms, \
             ended_ms, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (challenge_id) DO \
             UPDATE SET probes = excluded.probes, state = excluded.state, why = excluded.why, \
             ended_ms = excluded.ended_ms, version = excluded.version WHERE challenge.version < excluded.version"
        }
        Kind::Reference => {
            "INSERT INTO reference (job_id, worker_id, model, weights, question, answer, made_ms) VALUES (?1, ?2, \
             ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING"
        }
        Kind::Feed => {
            "INSERT INTO feed (journal_id, job_id, event, before, after, agent_id) VALUES (?1, ?2, ?3, ?4, \
             ?5, ?6)"
        }
    }
}

impl Backend for WriteConnection {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.connection.execute(COUNT_START, []).map_err(failed)?;
        if let Some(redo) = &self.redo {
            redo.settle().map_err(unsynced)?;
        }
        recall::resume(&mut &self.connection)
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        self.carry_out().map_err(|error| StoreError::Stopped(error.to_string()))?;
        // One lock of the file for all that is read, not one for each row.
        let alone = self.connection.is_autocommit();
        if alone {
            run(&self.connection, "BEGIN")?;
        }
        let loaded = recall::load(&mut &self.connection, needs);
        if alone {
            run(&self.connection, "COMMIT")?;
        } else if self.connection.is_autocommit() {
            // Some errors end the transaction, and what it had is in the redo log alone: the next group may not go
            // before it.
            self.give_up();
            let reason = loaded.err().map_or_else(String::new, |error| error.to_string());
            return Err(StoreError::Stopped(reason));
        }
        loaded
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        let rows = batch.rows();
        let written = match &self.redo {
            Some(_) if batch.journal.len() < LARGE => self.write_ahead(&rows),
            _ => self.write_at_once(&rows),
        };
        if written.is_err() {
            self.give_up();
        }
        written
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        if !std::mem::take(&mut self.is_ahead) {
            return Ok(());
        }
        if let Err(batch) = self.ahead.join(batch) {
            self.carry_out()?;
            self.ahead = *batch;
        }
        if self.ahead.journal.len() < TOGETHER { Ok(()) } else { self.carry_out() }
    }

    fn show(&mut self) -> Result<(), StoreError> {
        self.carry_out()?;
        if self.connection.is_autocommit() {
            return Ok(());
        }
        let shown = self.commit().and_then(|()| match &mut self.redo {
            Some(redo) => redo.look(&self.connection).map_err(unsettled),
            None => Ok(()),
        });
        if shown.is_err() {
            self.give_up();
        }
        shown
    }
}

impl WriteConnection {
    /// Has a group in the redo log. It is carried out when everybody is answered.
    fn write_ahead(&mut self, rows: &[(Kind, Rows<'_>)]) -> Result<Seen, StoreError> {
        let Some(redo) = &self.redo else { return self.write_at_once(rows) };
        let record = redo.record(rows);
        let turns = !redo.has_room(&record);
        if turns {
            // All that the log has is then in the files of the database, synced or about to be.
            self.carry_out()?;
            self.commit()?;
        }
        if let Some(redo) = &mut self.redo {
            if turns {
                redo.turn().map_err(unsynced)?;
            }
            redo.write(&record).map_err(unsynced)?;
        }
        self.is_ahead = true;
        Ok(Seen::WhenShown)
    }

    /// Carries out in the open transaction what only the redo log has.
    fn carry_out(&mut self) -> Result<(), StoreError> {
        if self.ahead.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.ahead);
        let begun = match self.connection.is_autocommit() {
            true => run(&self.connection, BEGIN),
            false => Ok(()),
        };
        let done = begun.and_then(|()| write_group(&self.connection, &batch.rows()));
        if done.is_err() {
            self.give_up();
        }
        done
    }

    /// Ends the open transaction, if there is one.
    fn commit(&self) -> Result<(), StoreError> {
        match &self.redo {
            _ if self.connection.is_autocommit() => Ok(()),
            Some(redo) => commit_up_to(&self.connection, redo.last()),
            None => run(&self.connection, "COMMIT"),
        }
    }

    /// Writes a group as SQLite does: its own log is synced, and with it all that was written before.
    fn write_at_once(&mut self, rows: &[(Kind, Rows<'_>)]) -> Result<Seen, StoreError> {
        self.show()?;
        self.connection.execute_batch("PRAGMA synchronous = FULL").map_err(failed)?;
        run(&self.connection, BEGIN)?;
        write_group(&self.connection, rows)?;
        run(&self.connection, "COMMIT")?;
        self.connection.execute_batch("PRAGMA synchronous = NORMAL").map_err(failed)?;
        if let Some(redo) = &mut self.redo {
            redo.look(&self.connection).map_err(unsettled)?;
        }
        Ok(Seen::Now)
    }

    /// After a failure the database has what it had at its last commit, and the log what was acknowledged since. What
    /// waits goes too: it may not be carried out without what was before it.
    fn give_up(&mut self) {
        self.ahead = Batch::default();
        if !self.connection.is_autocommit()
            && let Err(error) = run(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction cannot be rolled back");
        }
        if let Some(redo) = &mut self.redo {
            redo.keep();
        }
    }
}

impl Drop for WriteConnection {
    fn drop(&mut self) {
        // Who panics may have carried out a part of what was taken.
        if self.is_ahead || std::thread::panicking() {
            self.give_up();
        } else if let Err(error) = self.show() {
            tracing::error!(%error, "what is durable is left to the redo log");
        }
        if let Some(redo) = &mut self.redo {
            redo.rest();
        }
    }
}

impl Lookup for &Connection {
    fn list<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        list(self, sql, params, read)
    }

    fn among<T>(
        &mut self,
        sql: &str,
        keys: Vec<Value<'_>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!("{sql} = $1");
        let mut found = Vec::new();
        for key in keys {
            found.extend(list(self, &sql, &[key], &read)?);
        }
        Ok(found)
    }
}

fn unsettled(error: std::io::Error) -> StoreError {
    StoreError::Failed(format!("the database's files cannot be synced: {error}"))
}

fn unsynced(error: std::io::Error) -> StoreError {
    StoreError::Failed(format!("the redo log cannot be written: {error}"))
}

/// Writes the rows of a group into the open transaction.
pub(super) fn write_group(connection: &Connection, rows: &[(Kind, Rows<'_>)]) -> Result<(), StoreError> {
    rows.iter().try_for_each(|(kind, rows)| write_rows(connection, *kind, rows))
}

/// Ends a transaction that has all groups of the redo log up to this one.
pub(super) fn commit_up_to(connection: &Connection, group: u64) -> Result<(), StoreError> {
    let mut count = connection.prepare_cached(COUNT_GROUP).map_err(failed)?;
    count.execute([group.to_string()]).map_err(failed)?;
    run(connection, "COMMIT")
}

/// Gives a database the number by which its redo log knows it, if it has none.
pub(super) fn name_database(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(NAME_DATABASE, []).map_err(failed)?;
    Ok(())
}

/// Runs a statement without parameters.
pub(super) fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map_err(failed)?;
    Ok(())
}

fn write_rows(connection: &Connection, kind: Kind, rows: &Rows<'_>) -> Result<(), StoreError> {
    let mut write = connection.prepare_cached(statement(kind)).map_err(failed)?;
    let mut changed = 0;
    for row in rows {
        changed += write.execute(params_from_iter(row)).map_err(failed)?;
    }
    kind.check(rows, changed)
}
