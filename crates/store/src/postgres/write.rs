//! Writing to PostgreSQL: one transaction for a group, one statement with arrays for each kind of row,
//! all of them under way at once.

use crate::backend::{Backend, Loaded, Needs, Resumed, Seen};
use crate::batch::Batch;
use crate::error::StoreError;
use crate::recall::{self, Lookup};
use crate::rows::{Kind, Rows};
use crate::value::{Columns, Value};
use futures::future::try_join_all;
use std::collections::HashMap;
use tokio::runtime::Runtime;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

const COUNT_START: &str = "INSERT INTO meta (name, value) VALUES ('epoch', '1') \
     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";

/// The statement for a kind of row. Its parameters are the columns of the rows, as arrays.
const fn statement(kind: Kind) -> &'static str {
    match kind {
        Kind::NewPolicy => {
            "INSERT INTO policy (policy_id, body) SELECT * FROM unnest($1::bigint[], $2::text[])"
        }
        Kind::NewJob => {
            "INSERT INTO job (job_id, dialect, public_id, client, skill, model, speed, private, asset, \
             decimals, price_units, policy_id, created_ms, finish_by_ms, attempts, tried, state, deadline_ms, \
             escrow_units, vesting_units, version, api_key, needs, request) SELECT * FROM unnest($1::bigint[], $2::text[], \
             $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], \
             $10::bigint[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], \
             $17::text[], $18::bigint[], $19::text[], $20::text[], $21::bigint[], \
             $22::text[], $23::text[], $24::text[])"
        }
        Kind::ChangedJob => {
            "UPDATE job SET finish_by_ms = c.finish_by_ms, attempts = c.attempts, tried = c.tried, state = c.state, \
             deadline_ms = c.deadline_ms, worker_id = c.worker_id, attempt_epoch = c.attempt_epoch, \
             attempt = c.attempt, output_hash = c.output_hash, receipt_hash = c.receipt_hash, voucher = c.voucher, \
             input_tokens = c.input_tokens, output_tokens = c.output_tokens, charge_units = c.charge_units, \
             outcome = c.outcome, ended_ms = c.ended_ms, escrow_units = c.escrow_units, \
             vesting_units = c.vesting_units, version = c.version, placing_bps = c.placing_bps, blamed = c.blamed, \
             staked = c.staked FROM unnest($1::bigint[], $2::bigint[], \
             $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], \
             $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::text[], $16::text[], \
             $17::bigint[], $18::text[], $19::text[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[]) AS c (job_id, finish_by_ms, attempts, tried, \
             state, deadline_ms, worker_id, attempt_epoch, attempt, output_hash, receipt_hash, voucher, \
             input_tokens, output_tokens, charge_units, outcome, ended_ms, escrow_units, vesting_units, version, \
             placing_bps, blamed, staked) WHERE job.job_id = c.job_id AND job.version < c.version"
        }
        Kind::Payload => {
            "INSERT INTO payload (job_id, body, echo) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[])"
        }
        Kind::Result => {
            "INSERT INTO result (journal_id, output, receipt, decision) \
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::text[])"
        }
        Kind::Journal => {
            "INSERT INTO journal (journal_id, job_id, version, at_ms, event, detail, leaf_index, transfer_id, \
             transfers) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], \
             $6::text[], $7::bigint[], $8::bigint[], $9::bigint[])"
        }
        Kind::Transfer => {
            "INSERT INTO transfer (transfer_id, journal_id, from_account, to_account, from_own, to_own, asset, \
             decimals, units) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], \
             $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::text[])"
        }
        Kind::NewBalance => {
            "INSERT INTO balance (account, asset, decimals, units) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])"
        }
        Kind::ChangedBalance => {
            "UPDATE balance SET units = c.units FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], \
             $5::text[]) AS c (account, asset, decimals, units, units_before) WHERE balance.account = c.account \
             AND balance.asset = c.asset AND balance.decimals = c.decimals AND balance.units = c.units_before"
        }
        Kind::Claim => {
            "INSERT INTO claim (claim_key, request, dialect, public_id, created_ms) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])"
        }
        Kind::Leaf => {
            "INSERT INTO log_leaf (leaf_index, entry, hash) \
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[])"
        }
        Kind::Node => {
            "INSERT INTO log_node (level, node_index, hash) \
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])"
        }
        Kind::Worker => {
            "INSERT INTO worker (worker_id, proven, suspended, first_seen_ms, version, completed, failed) \
             SELECT *, 0, 0 FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
             ON CONFLICT (worker_id) DO UPDATE SET proven = excluded.proven, suspended = excluded.suspended, \
             version = excluded.version WHERE worker.version < excluded.version"
        }
        Kind::Standing => {
            "UPDATE worker SET completed = c.completed, failed = c.failed, rep_paid = c.rep_paid, \
             rep_lost = c.rep_lost, rep_unproven = c.rep_unproven, rep_placed = c.rep_placed, \
             rep_compared = c.rep_compared, rep_connected = c.rep_connected, rep_watched = c.rep_watched, \
             rep_watched_ms = c.rep_watched_ms, rep_hour = c.rep_hour, rep_passed = c.rep_passed, \
             rep_refuted = c.rep_refuted FROM unnest($1::text[], $2::bigint[], \
             $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], \
             $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]) AS c (worker_id, completed, \
             failed, rep_paid, rep_lost, rep_unproven, rep_placed, rep_compared, rep_connected, rep_watched, \
             rep_watched_ms, rep_hour, rep_passed, rep_refuted) \
             WHERE worker.worker_id = c.worker_id"
        }
        Kind::Pairing => {
            "INSERT INTO pairing (code, client, expires_ms, claimed_by, version) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[]) \
             ON CONFLICT (code) DO UPDATE SET claimed_by = excluded.claimed_by, version = excluded.version \
             WHERE pairing.version < excluded.version"
        }
        Kind::Trust => {
            "INSERT INTO trust (client, worker_id, since_ms) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING"
        }
        Kind::ApiKey => {
            "INSERT INTO api_key (number, key_hash, client, label, created_ms, revoked_ms, limit_day, limit_all, \
             version) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], \
             $6::bigint[], $7::text[], $8::text[], $9::bigint[]) ON CONFLICT (number) DO UPDATE SET \
             revoked_ms = excluded.revoked_ms, version = excluded.version WHERE api_key.version < excluded.version"
        }
        Kind::NewSpending => {
            "INSERT INTO key_spending (spent, units) SELECT * FROM unnest($1::text[], $2::text[])"
        }
        Kind::ChangedSpending => {
            "UPDATE key_spending SET units = c.units FROM unnest($1::text[], $2::text[], $3::text[]) \
             AS c (spent, units, units_before) WHERE key_spending.spent = c.spent \
             AND key_spending.units = c.units_before"
        }
        Kind::Hook => {
            "INSERT INTO hook (hook_id, client, url, occasions, secret, created_ms, disabled, version, retired) \
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
             $7::bigint[], $8::bigint[], $9::text[]) ON CONFLICT (hook_id) DO UPDATE SET \
             secret = excluded.secret, retired = excluded.retired, disabled = excluded.disabled, version = excluded.version WHERE hook.version < excluded.version"
        }
        Kind::DeletedHook => "DELETE FROM hook WHERE hook_id = ANY($1::text[])",
        Kind::NewDelivery => {
            "INSERT INTO delivery (event_id, number, hook_id, dialect, public_id, occasion, detail, at_ms, since_ms, \
             attempts, next_ms, last_status, last_error, delivered, ended_ms, version) SELECT * FROM unnest( \
             $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], \
             $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::bigint[], \
             $15::bigint[], $16::bigint[]) ON CONFLICT DO NOTHING"
        }
        Kind::ChangedDelivery => {
            "UPDATE delivery SET since_ms = c.since_ms, attempts = c.attempts, next_ms = c.next_ms, \
             last_status = c.last_status, last_error = c.last_error, delivered = c.delivered, \
             ended_ms = c.ended_ms, version = c.version FROM unnest($1::text[], $2::bigint[], $3::bigint[], \
             $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[]) AS c (event_id, \
             since_ms, attempts, next_ms, last_status, last_error, delivered, ended_ms, version) \
             WHERE delivery.event_id = c.event_id AND delivery.version < c.version"
        }
        Kind::ForgottenDelivery => "DELETE FROM delivery WHERE event_id = ANY($1::text[])",
        Kind::Agent => {
            "INSERT INTO agent (agent_id, owner, name, sought, description, roles, tags, avatar, strategy, strategy_ms, \
             created_ms, shown_ms, version, appointed_ms) \
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
             $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]) ON CONFLICT (agent_id) DO UPDATE SET \
             owner = excluded.owner, name = excluded.name, sought = excluded.sought, \
             description = excluded.description, roles = excluded.roles, tags = excluded.tags, \
             avatar = excluded.avatar, strategy = excluded.strategy, strategy_ms = excluded.strategy_ms, shown_ms = excluded.shown_ms, appointed_ms = excluded.appointed_ms, version = excluded.version WHERE agent.version < excluded.version"
        }
        Kind::Hire => {
            "INSERT INTO hire (job_id, number, state, strategy, client, client_owner, provider, \
             provider_owner, evaluator, evaluator_owner, initiator, body, version) SELECT * FROM \
             unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], \
             $7::bigint[], $8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::bigint[]) \
             ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, provider = excluded.provider, \
             provider_owner = excluded.provider_owner, evaluator = excluded.evaluator, evaluator_owner = \
             excluded.evaluator_owner, initiator = excluded.initiator, body = excluded.body, version = \
             excluded.version WHERE hire.version < excluded.version"
        }
        Kind::Offer => {
            "INSERT INTO offer (job_id, agent_id, owner, created_ms, withdrawn_ms, version) SELECT * FROM \
             unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) ON \
             CONFLICT (job_id, agent_id) DO UPDATE SET withdrawn_ms = excluded.withdrawn_ms, version = \
             excluded.version WHERE offer.version < excluded.version"
        }
        Kind::AgentStanding => {
            "INSERT INTO agent_standing (agent_id, score, jobs, completed, on_time, judged, approved, filed, \
             won, level_sum, violations, clean, rejections, verdicts, passed, overturned, borderline, \
             compared, deviation_sum, sat, locked_units, rep_paid, rep_lost, rep_hour) SELECT * FROM unnest($1::bigint[], $2::bigint[], \
             $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], \
             $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], \
             $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], \
             $21::text[], $22::bigint[], $23::bigint[], $24::bigint[]) ON CONFLICT (agent_id) DO UPDATE SET score = excluded.score, jobs = excluded.jobs, \
             completed = excluded.completed, on_time = excluded.on_time, judged = excluded.judged, approved = \
             excluded.approved, filed = excluded.filed, won = excluded.won, level_sum = excluded.level_sum, \
             violations = excluded.violations, clean = excluded.clean, rejections = excluded.rejections, \
             verdicts = excluded.verdicts, passed = excluded.passed, overturned = excluded.overturned, \
             borderline = excluded.borderline, compared = excluded.compared, deviation_sum = \
             excluded.deviation_sum, sat = excluded.sat, locked_units = excluded.locked_units, \
             rep_paid = excluded.rep_paid, rep_lost = excluded.rep_lost, rep_hour = excluded.rep_hour"
        }
        Kind::NewTally => {
            "INSERT INTO tally (name, hour, units) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])"
        }
        Kind::ChangedTally => {
            "UPDATE tally SET units = c.units FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) \
             AS c (name, hour, units, before) WHERE tally.name = c.name AND tally.hour = c.hour \
             AND tally.units = c.before"
        }
        Kind::Snapshot => {
            "INSERT INTO snapshot (journal_id, job_id, received_ms, standing, flaw, report, attestation) SELECT * \
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
             $7::text[])"
        }
        Kind::Enrolment => {
            "INSERT INTO enrolment (wallet, worker_id, endpoint, gpu_tier, models, concurrency, state, refuted_ms, \
             passed, enrolled_ms, said_ms, version) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], \
             $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], \
             $11::bigint[], $12::bigint[]) ON CONFLICT (wallet) DO UPDATE SET worker_id = excluded.worker_id, \
             endpoint = excluded.endpoint, gpu_tier = excluded.gpu_tier, models = excluded.models, \
             concurrency = excluded.concurrency, state = excluded.state, refuted_ms = excluded.refuted_ms, \
             passed = excluded.passed, said_ms = excluded.said_ms, version = excluded.version \
             WHERE enrolment.version < excluded.version"
        }
        Kind::Notice => {
            "INSERT INTO notice (number, at_ms, event, job_id, wallet) SELECT * FROM unnest($1::bigint[], \
             $2::bigint[], $3::text[], $4::bigint[], $5::text[])"
        }
        Kind::Challenge => {
            "INSERT INTO challenge (challenge_id, wallet, worker_id, model, probes, state, why, opened_ms, by_ms, \
             ended_ms, version) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], \
             $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]) \
             ON CONFLICT (challenge_id) DO UPDATE SET probes = excluded.probes, state = excluded.state, \
             why = excluded.why, ended_ms = excluded.ended_ms, version = excluded.version \
             WHERE challenge.version < excluded.version"
        }
        Kind::Reference => {
            "INSERT INTO reference (job_id, worker_id, model, weights, question, answer, made_ms) SELECT * FROM \
             unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]) \
             ON CONFLICT DO NOTHING"
        }
        Kind::Feed => {
            "INSERT INTO feed (journal_id, job_id, event, before, after, agent_id) SELECT * FROM \
             unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])"
        }
    }
}

/// The session that writes. It holds the lock, so when it is lost there is no other.
pub(super) struct Session {
    /// Always there until it is dropped.
    runtime: Option<Runtime>,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Session {
    pub(super) fn new(runtime: Runtime, client: Client) -> Self {
        Self { runtime: Some(runtime), client, statements: HashMap::new() }
    }

    /// Waits for the server; everybody else waits too.
    fn wait<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client, &mut HashMap<String, Statement>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let runtime = self.runtime.as_ref().expect("it is there until the session is dropped");
        let result = runtime.block_on(work(&self.client, &mut self.statements));
        result.map_err(|error| if self.client.is_closed() { ended(&error) } else { error })
    }
}

/// The error of a session that may or may not go on after it.
fn failed(error: tokio_postgres::Error) -> StoreError {
    let severity = error.as_db_error().and_then(DbError::parsed_severity);
    let fatal = matches!(severity, Some(Severity::Fatal | Severity::Panic));
    let failed = super::failed(error);
    if fatal { ended(&failed) } else { failed }
}

fn ended(error: &StoreError) -> StoreError {
    StoreError::Stopped(format!("the session has ended, and with it the right to write: {error}"))
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The session may be dropped within another runtime, where nothing may wait.
            runtime.shutdown_background();
        }
    }
}

impl Backend for Session {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.wait(async |client, _| client.execute(COUNT_START, &[]).await.map_err(failed))?;
        recall::resume(self)
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        recall::load(self, needs)
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        let rows = batch.rows();
        self.wait(async |client, statements| {
            let mut prepared_rows = Vec::with_capacity(rows.len());
            for (kind, rows) in &rows {
                prepared_rows.push((prepared(client, statements, statement(*kind)).await?, *kind, rows));
            }
            // Sent in this order and without waiting: the server works while the rest is on its way.
            let begin = client.batch_execute("BEGIN");
            let writes = try_join_all(
                prepared_rows
                    .iter()
                    .map(|(statement, kind, rows)| write_rows(client, statement, *kind, rows)),
            );
            let (begun, written) = futures::future::join(begin, writes).await;
            begun.map_err(failed)?;
            written?;
            client.batch_execute("COMMIT").await.map_err(failed)
        })?;
        Ok(Seen::Now)
    }

    fn apply(&mut self, _: Batch) -> Result<(), StoreError> {
        Ok(())
    }

    fn show(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

async fn write_rows(
    client: &Client,
    statement: &Statement,
    kind: Kind,
    rows: &Rows<'_>,
) -> Result<(), StoreError> {
    let columns: Vec<Vec<&Value<'_>>> =
        (0..statement.params().len()).map(|column| rows.iter().map(|row| &row[column]).collect()).collect();
    let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
    let changed = client.execute(statement, &params).await.map_err(failed)?;
    kind.check(rows, usize::try_from(changed).unwrap_or(usize::MAX))
}

async fn prepared(
    client: &Client,
    statements: &mut HashMap<String, Statement>,
    sql: &str,
) -> Result<Statement, StoreError> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql).await.map_err(failed)?;
    statements.insert(sql.to_owned(), statement.clone());
    Ok(statement)
}

impl Lookup for Session {
    fn list<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
        let rows = self.query(sql, &params)?;
        rows.iter().map(|row| read(row)).collect()
    }

    fn among<T>(
        &mut self,
        sql: &str,
        keys: Vec<Value<'_>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.query(&format!("{sql} = ANY($1)"), &[&keys])?;
        rows.iter().map(|row| read(row)).collect()
    }
}

impl Session {
    fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.wait(async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.query(&statement, params).await.map_err(failed)
        })
    }
}
