//! A job as a row, and back: which columns a state fills.

use crate::error::StoreError;
use crate::policy::{decode_ruling, encode_ruling, parse_verdict, verdict_name};
use crate::rows::read;
use crate::value::{Columns, Value, corrupt};
use docket_core::event::{Closing, Conduct, Delivery, Fault, Usage, Voucher};
use docket_core::feature::{Feature, Features};
use docket_core::id::{AgentId, Attempt, ClientId, Doer, JobId, Version, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed, State};
use docket_core::money::BasisPoints;
use docket_core::policy::Policy;
use docket_core::time::Timestamp;
use std::sync::Arc;

/// The columns of a new job, in the order in which the writers name them.
///
/// A new job is open or funded, so the columns of a delivery and of an end stay NULL.
pub(crate) fn new(job: &Job, policy: i64) -> Vec<Value<'_>> {
    vec![
        Value::job(job.id),
        Value::name(job.public_id.dialect.name()),
        Value::name(&job.public_id.text),
        Value::name(&job.client.0),
        Value::name(job.ask.skill.name()),
        job.ask.model.as_deref().map_or(Value::Null, Value::name),
        Value::name(job.ask.speed.name()),
        Value::flag(job.ask.private),
        Value::name(job.price.asset.name()),
        Value::Int(job.price.asset.decimals().into()),
        Value::text(job.price.units),
        Value::Int(policy),
        job.created_at.into(),
        job.finish_by.into(),
        Value::Int(job.attempts.into()),
        encode_tried(&job.tried),
        Value::name(job.state.name()),
        job.state.deadline().into(),
        Value::text(job.escrow.units),
        Value::text(job.vesting.units),
        Value::count(job.version.0),
        job.key.map_or(Value::Null, |key| Value::text(key.0)),
        encode_needs(job.ask.needs),
        job.request.map_or(Value::Null, Value::text),
    ]
}

/// The columns of a job that may change, its id first, in the order in which the writers name them.
///
/// `Assigned` and `Running` live in memory and are never written: on disk the job stays `funded`,
/// because after a restart that is what it is.
pub(crate) fn changed(job: &Job) -> Vec<Value<'_>> {
    let delivery = job.delivery();
    let of = |value: fn(&Delivery) -> Value<'static>| delivery.map_or(Value::Null, value);
    vec![
        Value::job(job.id),
        job.finish_by.into(),
        Value::Int(job.attempts.into()),
        encode_tried(&job.tried),
        Value::name(job.state.name()),
        job.state.deadline().into(),
        of(|delivery| Value::text(delivery.by)),
        of(|delivery| Value::Int(delivery.attempt.epoch.into())),
        of(|delivery| Value::Int(delivery.attempt.number.into())),
        of(|delivery| Value::text(delivery.output)),
        of(|delivery| Value::text(delivery.receipt)),
        of(|delivery| Value::name(voucher_name(delivery.voucher))),
        of(|delivery| Value::count(delivery.usage.input)),
        of(|delivery| Value::count(delivery.usage.output)),
        match &job.state {
            State::Submitted { charge, .. } | State::Settled { charge, .. } => Value::text(charge.units),
            _ => Value::Null,
        },
        outcome(&job.state),
        job.ended_at.into(),
        Value::text(job.escrow.units),
        Value::text(job.vesting.units),
        Value::count(job.version.0),
        of(|delivery| delivery.conduct.placing.map_or(Value::Null, |placing| Value::Int(placing.0.into()))),
        of(|delivery| Value::flag(delivery.conduct.blamed)),
        of(|delivery| Value::flag(delivery.conduct.staked)),
    ]
}

/// Every column of a job, in the order of [`COLUMNS`]; the policy is joined as its text.
pub(crate) const COLUMNS: &str = "j.job_id, j.dialect, j.public_id, j.client, h.body, j.skill, j.model, \
     j.speed, j.private, j.asset, j.decimals, j.price_units, p.body, j.created_ms, j.finish_by_ms, j.attempts, \
     j.tried, j.state, j.deadline_ms, j.worker_id, j.attempt_epoch, j.attempt, j.output_hash, j.receipt_hash, \
     j.voucher, j.input_tokens, j.output_tokens, j.charge_units, j.outcome, j.ended_ms, j.escrow_units, \
     j.vesting_units, j.version, j.api_key, j.placing_bps, j.blamed, j.staked, j.needs, \
     j.request";

/// Reads a job. `terms` turns the text of a policy into the shared value.
pub(crate) fn parse(
    row: &dyn Columns,
    terms: impl FnOnce(&str) -> Result<Arc<Policy>, StoreError>,
) -> Result<Job, StoreError> {
    let asset = row.asset(9, 10)?;
    Ok(Job {
        id: JobId(row.count(0)?),
        public_id: read::public_id(row, 1, 2)?,
        client: ClientId(row.text(3)?.into()),
        hire: row.text_or_null(4)?.map(|body| super::hire::parse(&body)).transpose()?,
        ask: Arc::new(Ask {
            skill: Skill::parse(&row.text(5)?).ok_or_else(|| corrupt("a skill"))?,
            model: row.text_or_null(6)?.map(Into::into),
            speed: Speed::parse(&row.text(7)?).ok_or_else(|| corrupt("a speed"))?,
            private: row.flag(8)?,
            needs: decode_needs(row.text_or_null(37)?.as_deref())?,
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
        key: row.text_or_null(33)?.map(|key| read::key_id(&key)).transpose()?,
        request: row.text_or_null(38)?.map(|_| row.digest(38)).transpose()?,
    })
}

fn state(row: &dyn Columns, asset: docket_core::money::Asset) -> Result<State, StoreError> {
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
        "submitted" => {
            Ok(State::Submitted { delivery: read_delivery(row)?, charge: row.amount(27, asset)?, by: by()? })
        }
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

fn read_delivery(row: &dyn Columns) -> Result<Delivery, StoreError> {
    let voucher = match row.text(24)?.as_str() {
        "worker" => Voucher::Worker,
        "coordinator" => Voucher::Coordinator,
        _ => return Err(corrupt("a voucher")),
    };
    let placing = row.int_or_null(34)?;
    Ok(Delivery {
        by: doer(&row.text(19)?)?,
        attempt: Attempt { epoch: row.small(20)?, number: row.small(21)? },
        output: row.digest(22)?.into(),
        receipt: row.digest(23)?,
        voucher,
        usage: Usage { input: row.count(25)?, output: row.count(26)? },
        conduct: Conduct {
            placing: placing
                .map(u16::try_from)
                .transpose()
                .map_err(|_| corrupt("a placing"))?
                .map(BasisPoints),
            blamed: row.int_or_null(35)? == Some(1),
            staked: row.int_or_null(36)? == Some(1),
        },
    })
}

fn doer(text: &str) -> Result<Doer, StoreError> {
    let agent = text.strip_prefix("agent:").and_then(|number| number.parse().ok());
    let doer = agent.map(|number| Doer::Agent(AgentId(number)));
    doer.or_else(|| WorkerId::from_hex(text).map(Doer::Worker)).ok_or_else(|| corrupt("who did the work"))
}

const fn voucher_name(voucher: Voucher) -> &'static str {
    match voucher {
        Voucher::Worker => "worker",
        Voucher::Coordinator => "coordinator",
    }
}

fn outcome(state: &State) -> Value<'_> {
    match state {
        State::Closed { reason, .. } => Value::name(reason.code()),
        State::Disputed { verdict, .. } => Value::name(verdict_name(*verdict)),
        State::Arbitrated { ruling, .. } => Value::text(encode_ruling(*ruling)),
        State::Open { .. }
        | State::Funded { .. }
        | State::Assigned { .. }
        | State::Running { .. }
        | State::Submitted { .. }
        | State::Settled { .. }
        | State::Rejected { .. } => Value::Null,
    }
}

fn encode_needs(needs: Features) -> Value<'static> {
    if needs == Features::NONE {
        return Value::Null;
    }
    let names: Vec<_> = needs.iter().map(Feature::name).collect();
    Value::Text(names.join(" ").into())
}

fn decode_needs(names: Option<&str>) -> Result<Features, StoreError> {
    let known = |name: &str| name.parse::<Feature>().map_err(|_| corrupt("a feature"));
    names.into_iter().flat_map(|names| names.split(' ')).map(known).collect()
}

/// Keys of workers, 64 digits each, without a separator.
fn encode_tried(tried: &[WorkerId]) -> Value<'static> {
    Value::Text(tried.iter().map(WorkerId::to_string).collect::<String>().into())
}

fn decode_tried(text: &str) -> Result<Vec<WorkerId>, StoreError> {
    let keys = text.as_bytes().chunks(64).map(|key| {
        let key = std::str::from_utf8(key).ok()?;
        WorkerId::from_hex(key)
    });
    keys.collect::<Option<_>>().ok_or_else(|| corrupt("a list of workers"))
}
