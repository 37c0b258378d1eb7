//! Writing to SQLite: one transaction for a group, one prepared statement for each kind of row.

use super::read::{list, log_hashes};
use super::{WriteConnection, failed};
use crate::backend::{Backend, Loaded, Needs, Resumed};
use crate::batch::Batch;
use crate::columns::{Columns, corrupt};
use crate::error::StoreError;
use crate::read::*;
use crate::rows::{StateRow, clamp, encode_tried};
use docket_core::change::{Claim, Record};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, JobId, PublicId};
use docket_core::job::Job;
use docket_core::merkle::{Plan, TILE_WIDTH};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

const COUNT_START: &str = "INSERT INTO meta (name, value) VALUES ('epoch', '1') \
     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";
const ADD_POLICY: &str = "INSERT INTO policy (policy_id, body) VALUES (?1, ?2)";
const ADD_JOB: &str = "INSERT INTO job (job_id, dialect, public_id, client, evaluator, skill, model, speed, private, \
     asset, decimals, price_units, policy_id, created_ms, finish_by_ms, attempts, tried, state, deadline_ms, \
     escrow_units, vesting_units, version, outcome, ended_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, \
     ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)";
const CHANGE_JOB: &str = "UPDATE job SET finish_by_ms = ?2, attempts = ?3, tried = ?4, state = ?5, deadline_ms = ?6, \
     worker_id = ?7, attempt_epoch = ?8, attempt = ?9, output_hash = ?10, receipt_hash = ?11, voucher = ?12, \
     input_tokens = ?13, output_tokens = ?14, charge_units = ?15, outcome = ?16, ended_ms = ?17, escrow_units = ?18, \
     vesting_units = ?19, version = ?20 WHERE job_id = ?1 AND version < ?20";
const ADD_PAYLOAD: &str = "INSERT INTO payload (job_id, body) VALUES (?1, ?2)";
const ADD_RESULT: &str = "INSERT INTO result (job_id, output, receipt, decision) VALUES (?1, ?2, ?3, ?4)";
const ADD_JOURNAL: &str = "INSERT INTO journal (journal_id, job_id, version, at_ms, event, detail, leaf_index) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const ADD_TRANSFER: &str = "INSERT INTO transfer (transfer_id, journal_id, from_account, to_account, from_own, to_own, asset, \
     decimals, units) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const SET_BALANCE: &str = "INSERT INTO balance (account, asset, decimals, units) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (account, asset) DO UPDATE SET units = excluded.units";
const ADD_CLAIM: &str = "INSERT INTO claim (claim_key, request, dialect, public_id, created_ms) \
     VALUES (?1, ?2, ?3, ?4, ?5)";
const ADD_EFFECT: &str =
    "INSERT INTO outbox (job_id, version, kind) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const END_EFFECTS: &str = "DELETE FROM outbox WHERE job_id = ?1";
const ADD_LEAF: &str = "INSERT INTO log_leaf (leaf_index, entry, hash) VALUES (?1, ?2, ?3)";
const ADD_NODE: &str = "INSERT INTO log_node (level, node_index, hash) VALUES (?1, ?2, ?3)";
const SET_WORKER: &str = "INSERT INTO worker (worker_id, proven, suspended, completed, failed, first_seen_ms, version) \
     VALUES (?1, ?2, ?3, 0, 0, ?4, ?5) ON CONFLICT (worker_id) DO UPDATE SET proven = excluded.proven, \
     suspended = excluded.suspended, version = excluded.version";
const ADD_STANDING: &str =
    "UPDATE worker SET completed = completed + ?2, failed = failed + ?3 WHERE worker_id = ?1";
const SET_PAIRING: &str = "INSERT INTO pairing (code, client, expires_ms, claimed_by, version) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (code) DO UPDATE SET claimed_by = excluded.claimed_by, \
     version = excluded.version";
const ADD_TRUST: &str =
    "INSERT INTO trust (client, worker_id, since_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";

impl Backend for WriteConnection {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.connection.execute(COUNT_START, []).map_err(failed)?;
        let connection = &self.connection;
        let number =
            |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).map_err(failed);
        let epoch: String = connection
            .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0))
            .map_err(failed)?;
        let log_size =
            number("SELECT max(leaf_index) FROM log_leaf")?.map_or(0, |last| last.unsigned_abs() + 1);
        let policies = list(connection, "SELECT policy_id, body FROM policy", &[], |row| {
            Ok((row.int(0)?, crate::policy::decode(&row.text(1)?)?))
        })?;
        Ok(Resumed {
            epoch: epoch.parse().map_err(|_| corrupt("the count of starts"))?,
            last_job: number("SELECT max(job_id) FROM job")?.map(|id| JobId(id.unsigned_abs())),
            journal_id: number("SELECT max(journal_id) FROM journal")?.unwrap_or_default(),
            transfer_id: number("SELECT max(transfer_id) FROM transfer")?.unwrap_or_default(),
            log_size,
            log_peaks: log_peaks(connection, log_size)?,
            policies,
            open_jobs: list(connection, &select_job(OPEN_JOBS), &[], |row| read_job(row, &self.terms))?,
        })
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        let connection = &self.connection;
        let mut loaded = Loaded::default();
        for key in &needs.claims {
            let sql = "SELECT request, dialect, public_id FROM claim WHERE claim_key = $1";
            for claim in list(connection, sql, &[Param::text(key)], |row| read_claim(row, key))? {
                loaded.claims.insert(key.clone(), claim);
            }
        }
        for (account, asset) in &needs.balances {
            for row in list(connection, BALANCE, &[Param::text(account)], |row| read_balance(row))? {
                if row.asset == asset.name() {
                    loaded.balances.insert((account.clone(), *asset), row.units);
                }
            }
        }
        for id in &needs.workers {
            let sql = format!("{WORKER_COLUMNS} WHERE worker_id = $1");
            for worker in list(connection, &sql, &[Param::text(id)], |row| read_worker(row))? {
                loaded.workers.insert(*id, worker);
            }
        }
        for code in &needs.pairings {
            for pairing in list(connection, PAIRING, &[Param::text(code)], |row| read_pairing(row))? {
                loaded.pairings.insert(*code, pairing);
            }
        }
        for (client, worker) in &needs.trusts {
            let trusted = list(connection, TRUSTED, &[Param::text(&client.0)], |row| read_trust(row))?;
            if trusted.iter().any(|trust| trust.worker == *worker) {
                loaded.trusts.push((client.clone(), *worker));
            }
        }
        Ok(loaded)
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(failed)?;
        write_jobs(&transaction, batch)?;
        write_books(&transaction, batch).map_err(failed)?;
        write_log(&transaction, batch).map_err(failed)?;
        write_records(&transaction, batch).map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn write_jobs(connection: &Connection, batch: &Batch) -> Result<(), StoreError> {
    let prepare = |sql| connection.prepare_cached(sql).map_err(failed);
    for (id, body) in &batch.new_policies {
        prepare(ADD_POLICY)?.execute(params![id, body]).map_err(failed)?;
    }
    let mut add = prepare(ADD_JOB)?;
    for (job, policy) in &batch.new_jobs {
        add_job(&mut add, job, *policy).map_err(failed)?;
    }
    let mut change = prepare(CHANGE_JOB)?;
    for job in &batch.changed_jobs {
        if change_job(&mut change, job).map_err(failed)? != 1 {
            return Err(corrupt("a job that is newer on disk than in memory"));
        }
    }
    let mut add = prepare(ADD_PAYLOAD)?;
    for (job, body) in &batch.payloads {
        add.execute(params![job_number(*job), &body[..]]).map_err(failed)?;
    }
    let mut add = prepare(ADD_RESULT)?;
    for (job, result) in &batch.results {
        let row = params![job_number(*job), &result.output[..], &result.receipt[..], &result.decision[..]];
        add.execute(row).map_err(failed)?;
    }
    let mut end = prepare(END_EFFECTS)?;
    for job in &batch.routed {
        end.execute([job_number(*job)]).map_err(failed)?;
    }
    Ok(())
}

fn add_job(statement: &mut rusqlite::Statement<'_>, job: &Job, policy: i64) -> rusqlite::Result<usize> {
    let state = StateRow::of(&job.state);
    statement.execute(params![
        job_number(job.id),
        job.public_id.dialect.name(),
        &job.public_id.text[..],
        &job.client.0[..],
        job.evaluator.map(|agent| clamp(agent.0)),
        job.ask.skill.name(),
        job.ask.model.as_deref(),
        job.ask.speed.name(),
        i64::from(job.ask.private),
        job.price.asset.name(),
        i64::from(job.price.asset.decimals()),
        job.price.units.to_string(),
        policy,
        job.created_at.0,
        job.finish_by.map(|by| by.0),
        i64::from(job.attempts),
        encode_tried(&job.tried),
        state.state,
        state.deadline_ms,
        job.escrow.units.to_string(),
        job.vesting.units.to_string(),
        clamp(job.version.0),
        state.outcome,
        job.ended_at.map(|at| at.0),
    ])
}

fn change_job(statement: &mut rusqlite::Statement<'_>, job: &Job) -> rusqlite::Result<usize> {
    let state = StateRow::of(&job.state);
    statement.execute(params![
        job_number(job.id),
        job.finish_by.map(|by| by.0),
        i64::from(job.attempts),
        encode_tried(&job.tried),
        state.state,
        state.deadline_ms,
        state.worker_id,
        state.attempt_epoch,
        state.attempt,
        state.output_hash,
        state.receipt_hash,
        state.voucher,
        state.input_tokens,
        state.output_tokens,
        state.charge_units,
        state.outcome,
        job.ended_at.map(|at| at.0),
        job.escrow.units.to_string(),
        job.vesting.units.to_string(),
        clamp(job.version.0),
    ])
}

fn write_books(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(ADD_JOURNAL)?;
    for entry in &batch.journal {
        add.execute(params![
            entry.journal_id,
            entry.job.map(job_number),
            clamp(entry.version.0),
            entry.at.0,
            entry.event,
            entry.detail,
            entry.leaf_index.map(clamp),
        ])?;
    }
    let mut add = connection.prepare_cached(ADD_TRANSFER)?;
    for entry in &batch.transfers {
        add.execute(params![
            entry.id,
            entry.journal_id,
            entry.from.to_string(),
            entry.to.to_string(),
            i64::from(entry.from.job().is_none()),
            i64::from(entry.to.job().is_none()),
            entry.amount.asset.name(),
            i64::from(entry.amount.asset.decimals()),
            entry.amount.units.to_string(),
        ])?;
    }
    let mut set = connection.prepare_cached(SET_BALANCE)?;
    for (account, asset, units) in &batch.balances {
        let decimals = i64::from(asset.decimals());
        set.execute(params![account.to_string(), asset.name(), decimals, units.to_string()])?;
    }
    Ok(())
}

fn write_log(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(ADD_LEAF)?;
    for (index, leaf) in &batch.leaves {
        add.execute(params![clamp(*index), &leaf.entry[..], &leaf.hash[..]])?;
    }
    let mut add = connection.prepare_cached(ADD_NODE)?;
    for (level, index, hash) in &batch.nodes {
        add.execute(params![i64::from(*level), clamp(*index), &hash[..]])?;
    }
    Ok(())
}

fn write_records(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(ADD_CLAIM)?;
    for (claim, at) in &batch.claims {
        let PublicId { dialect, text } = &claim.answer;
        add.execute(params![&claim.key[..], claim.request.to_string(), dialect.name(), &text[..], at.0])?;
    }
    let mut add = connection.prepare_cached(ADD_EFFECT)?;
    for effect in &batch.effects {
        add.execute(params![job_number(effect.job), clamp(effect.version.0), effect.kind.name()])?;
    }
    for (_, record) in &batch.records {
        write_record(connection, record)?;
    }
    let mut add = connection.prepare_cached(ADD_STANDING)?;
    for (worker, standing) in &batch.standings {
        add.execute(params![worker.to_string(), standing.completed, standing.failed])?;
    }
    Ok(())
}

fn write_record(connection: &Connection, record: &Record) -> rusqlite::Result<usize> {
    match record {
        Record::Worker(worker) => connection.prepare_cached(SET_WORKER)?.execute(params![
            worker.id.to_string(),
            i64::from(worker.proven),
            i64::from(worker.suspended),
            worker.first_seen.0,
            clamp(worker.version.0),
        ]),
        Record::Pairing(pairing) => connection.prepare_cached(SET_PAIRING)?.execute(params![
            pairing.code.to_string(),
            &pairing.client.0[..],
            pairing.expires_at.0,
            pairing.claimed_by.map(|worker| worker.to_string()),
            clamp(pairing.version.0),
        ]),
        Record::Trust(trust) => connection.prepare_cached(ADD_TRUST)?.execute(params![
            &trust.client.0[..],
            trust.worker.to_string(),
            trust.since.0,
        ]),
    }
}

fn read_claim(row: &impl Columns, key: &std::sync::Arc<str>) -> Result<Claim, StoreError> {
    Ok(Claim {
        key: key.clone(),
        request: Sha256::parse(&row.text(0)?).ok_or_else(|| corrupt("a request's digest"))?,
        answer: PublicId {
            dialect: Dialect::parse(&row.text(1)?).ok_or_else(|| corrupt("a dialect"))?,
            text: row.text(2)?.into(),
        },
    })
}

/// The right edge of the log, from the stored hashes.
fn log_peaks(connection: &Connection, size: u64) -> Result<Vec<docket_core::merkle::Hash>, StoreError> {
    let plan = Plan::frontier(size);
    let mut tiles = BTreeMap::new();
    for tile in plan.tiles() {
        let first = tile.index * TILE_WIDTH;
        let hashes = log_hashes(connection, tile.level, first, u64::from(tile.width))?;
        tiles.insert(tile, hashes);
    }
    plan.hashes(&tiles).map_err(|_| corrupt("the hashes of the log"))
}
