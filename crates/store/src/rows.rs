//! A job as a row, and back: which columns a state fills.

use crate::columns::{Columns, corrupt};
use crate::error::StoreError;
use crate::policy::{decode_ruling, encode_ruling, parse_verdict, verdict_name};
use docket_core::event::{Closing, Delivery, Fault, Usage, Voucher};
use docket_core::id::{AgentId, Attempt, ClientId, Dialect, JobId, PublicId, Version, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed, State};
use docket_core::policy::Policy;
use docket_core::time::Timestamp;
use std::fmt::Write as _;
use std::sync::Arc;

/// The columns of a job that its state decides.
pub(crate) struct StateRow {
    pub(crate) state: &'static str,
    pub(crate) deadline_ms: Option<i64>,
    pub(crate) worker_id: Option<String>,
    pub(crate) attempt_epoch: Option<i64>,
    pub(crate) attempt: Option<i64>,
    pub(crate) output_hash: Option<String>,
    pub(crate) receipt_hash: Option<String>,
    pub(crate) voucher: Option<&'static str>,
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) charge_units: Option<String>,
    pub(crate) outcome: Option<String>,
}

impl StateRow {
    /// The columns for a state. `Assigned` and `Running` are never written on their own: the row
    /// then says `funded`, because after a restart that is what the job is.
    pub(crate) fn of(state: &State) -> Self {
        let delivery = delivery(state);
        let (worker, attempt) = match state {
            State::Assigned { worker, attempt, .. } | State::Running { worker, attempt, .. } => {
                (Some(*worker), Some(*attempt))
            }
            _ => (delivery.map(|delivery| delivery.worker), delivery.map(|delivery| delivery.attempt)),
        };
        Self {
            state: state.name(),
            deadline_ms: state.deadline().map(|by| by.0),
            worker_id: worker.map(|worker| worker.to_string()),
            attempt_epoch: attempt.map(|attempt| i64::from(attempt.epoch)),
            attempt: attempt.map(|attempt| i64::from(attempt.number)),
            output_hash: delivery.map(|delivery| delivery.output.to_string()),
            receipt_hash: delivery.map(|delivery| delivery.receipt.to_string()),
            voucher: delivery.map(|delivery| voucher_name(delivery.voucher)),
            input_tokens: delivery.map(|delivery| clamp(delivery.usage.input)),
            output_tokens: delivery.map(|delivery| clamp(delivery.usage.output)),
            charge_units: match state {
                State::Settled { charge, .. } => Some(charge.units.to_string()),
                _ => None,
            },
            outcome: outcome(state),
        }
    }
}

/// Every column of a job, in the order of [`JOB_COLUMNS`]; the policy is joined as its text.
pub(crate) const JOB_COLUMNS: &str = "j.job_id, j.dialect, j.public_id, j.client, j.evaluator, j.skill, j.model, \
     j.speed, j.private, j.asset, j.decimals, j.price_units, p.body, j.created_ms, j.finish_by_ms, j.attempts, \
     j.tried, j.state, j.deadline_ms, j.worker_id, j.attempt_epoch, j.attempt, j.output_hash, j.receipt_hash, \
     j.voucher, j.input_tokens, j.output_tokens, j.charge_units, j.outcome, j.ended_ms, j.escrow_units, \
     j.vesting_units, j.version";

/// Reads a job. `terms` turns the text of a policy into the shared value.
pub(crate) fn job(
    row: &impl Columns,
    terms: impl FnOnce(&str) -> Result<Arc<Policy>, StoreError>,
) -> Result<Job, StoreError> {
    let asset = row.asset(9, 10)?;
    let dialect = Dialect::parse(&row.text(1)?).ok_or_else(|| corrupt("a dialect"))?;
    Ok(Job {
        id: JobId(row.count(0)?),
        public_id: PublicId { dialect, text: row.text(2)?.into() },
        client: ClientId(row.text(3)?.into()),
        evaluator: row.int_or_null(4)?.map(|agent| AgentId(agent.unsigned_abs())),
        ask: Arc::new(Ask {
            skill: Skill::parse(&row.text(5)?).ok_or_else(|| corrupt("a skill"))?,
            model: row.text_or_null(6)?.map(Into::into),
            speed: Speed::parse(&row.text(7)?).ok_or_else(|| corrupt("a speed"))?,
            private: row.flag(8)?,
        }),
        price: row.amount(11, asset)?,
        policy: terms(&row.text(12)?)?,
        created_at: row.instant(13)?,
        finish_by: row.int_or_null(14)?.map(Timestamp),
        attempts: row.small(15)?,
        tried: decode_tried(&row.text(16)?)?,
        state: state(row, asset)?,
        ended_at: row.int_or_null(29)?.map(Timestamp),
        escrow: row.amount(30, asset)?,
        vesting: row.amount(31, asset)?,
        version: Version(row.count(32)?),
    })
}

fn state(row: &impl Columns, asset: docket_core::money::Asset) -> Result<State, StoreError> {
    let deadline = row.int_or_null(18)?.map(Timestamp);
    let by = || deadline.ok_or_else(|| corrupt("a state without its deadline"));
    let outcome = || row.text(28);
    let closed = |how| {
        let reason = Fault::parse(&outcome()?).ok_or_else(|| corrupt("a reason"))?;
        Ok(State::Closed { how, reason })
    };
    let name = row.text(17)?;
    match name.as_str() {
        "open" => Ok(State::Open { by: by()? }),
        "funded" => Ok(State::Funded { by: by()? }),
        "submitted" => Ok(State::Submitted { delivery: read_delivery(row)?, by: by()? }),
        "settled" => Ok(State::Settled {
            delivery: read_delivery(row)?,
            charge: row.amount(27, asset)?,
            vests_at: deadline,
        }),
        "rejected" => Ok(State::Rejected { delivery: read_delivery(row)?, vests_at: deadline }),
        "disputed" => Ok(State::Disputed {
            delivery: read_delivery(row)?,
            verdict: parse_verdict(&outcome()?).ok_or_else(|| corrupt("a verdict"))?,
            by: by()?,
        }),
        "arbitrated" => Ok(State::Arbitrated {
            delivery: read_delivery(row)?,
            ruling: decode_ruling(&outcome()?).ok_or_else(|| corrupt("a ruling"))?,
        }),
        "failed" => closed(Closing::Failed),
        "refunded" => closed(Closing::Refunded),
        "expired" => closed(Closing::Expired),
        "cancelled" => closed(Closing::Cancelled),
        other => Err(StoreError::Corrupt(format!("a job in the state '{other}'"))),
    }
}

fn read_delivery(row: &impl Columns) -> Result<Delivery, StoreError> {
    let voucher = match row.text(24)?.as_str() {
        "worker" => Voucher::Worker,
        "coordinator" => Voucher::Coordinator,
        _ => return Err(corrupt("a voucher")),
    };
    Ok(Delivery {
        worker: row.worker(19)?,
        attempt: Attempt { epoch: row.small(20)?, number: row.small(21)? },
        output: row.digest(22)?,
        receipt: row.digest(23)?,
        voucher,
        usage: Usage { input: row.count(25)?, output: row.count(26)? },
    })
}

const fn voucher_name(voucher: Voucher) -> &'static str {
    match voucher {
        Voucher::Worker => "worker",
        Voucher::Coordinator => "coordinator",
    }
}

fn delivery(state: &State) -> Option<&Delivery> {
    match state {
        State::Submitted { delivery, .. }
        | State::Settled { delivery, .. }
        | State::Rejected { delivery, .. }
        | State::Disputed { delivery, .. }
        | State::Arbitrated { delivery, .. } => Some(delivery),
        State::Open { .. }
        | State::Funded { .. }
        | State::Assigned { .. }
        | State::Running { .. }
        | State::Closed { .. } => None,
    }
}

fn outcome(state: &State) -> Option<String> {
    match state {
        State::Closed { reason, .. } => Some(reason.code().to_owned()),
        State::Disputed { verdict, .. } => Some(verdict_name(*verdict).to_owned()),
        State::Arbitrated { ruling, .. } => Some(encode_ruling(*ruling)),
        State::Open { .. }
        | State::Funded { .. }
        | State::Assigned { .. }
        | State::Running { .. }
        | State::Submitted { .. }
        | State::Settled { .. }
        | State::Rejected { .. } => None,
    }
}

/// Keys of workers, 64 digits each, without a separator.
pub(crate) fn encode_tried(tried: &[WorkerId]) -> String {
    tried.iter().fold(String::with_capacity(tried.len() * 64), |mut text, worker| {
        write!(text, "{worker}").expect("writing to a string cannot fail");
        text
    })
}

fn decode_tried(text: &str) -> Result<Vec<WorkerId>, StoreError> {
    let keys = text.as_bytes().chunks(64).map(|key| {
        let key = std::str::from_utf8(key).ok()?;
        WorkerId::from_hex(key)
    });
    keys.collect::<Option<_>>().ok_or_else(|| corrupt("a list of workers"))
}

/// Counts beyond 63 bits do not occur: tokens are bounded by what was relayed.
pub(crate) fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
