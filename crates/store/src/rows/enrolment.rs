//! Enrolments and notices as rows and back.

use crate::batch::NoticeEntry;
use crate::error::StoreError;
use crate::read::NoticeRow;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::Wallet;
use docket_core::change::Notice;
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::id::{JobId, Version, WorkerId};
use docket_core::time::Timestamp;

/// The columns of an enrolment; the rows are chosen where it is used.
pub(crate) const ENROLMENTS: &str = "SELECT wallet, worker_id, endpoint, gpu_tier, models, concurrency, state, refuted_ms, passed, enrolled_ms, said_ms, version FROM enrolment";

/// All columns of an enrolment.
pub(crate) fn enrolment(enrolment: &Enrolment) -> Vec<Value<'_>> {
    let Offer { endpoint, gpu_tier, models, concurrency } = &enrolment.offer;
    let (refuted, passed) = match enrolment.state {
        Activity::Active | Activity::Left => (None, None),
        Activity::Refuted { at } => (Some(at), None),
        Activity::OnTrial { passed } => (None, Some(passed)),
    };
    vec![
        Value::text(enrolment.wallet),
        Value::text(enrolment.worker),
        endpoint.as_deref().map_or(Value::Null, Value::name),
        Value::Int((*gpu_tier).into()),
        Value::text(models.join("\n")),
        Value::Int((*concurrency).into()),
        Value::name(enrolment.state.name()),
        refuted.into(),
        passed.map_or(Value::Null, |passed| Value::Int(passed.into())),
        enrolment.enrolled_at.into(),
        enrolment.said_at.into(),
        Value::count(enrolment.version.0),
    ]
}

/// Reads a row of [`ENROLMENTS`].
pub(crate) fn parse_enrolment(row: &dyn Columns) -> Result<Enrolment, StoreError> {
    let state = match row.text(6)?.as_str() {
        "active" => Activity::Active,
        "left" => Activity::Left,
        "refuted" => Activity::Refuted { at: row.instant(7)? },
        "on_trial" => Activity::OnTrial { passed: narrow(row.small(8)?)? },
        _ => return Err(corrupt("the state of an enrolment")),
    };
    Ok(Enrolment {
        wallet: Wallet::parse(&row.text(0)?).ok_or_else(|| corrupt("a wallet"))?,
        worker: WorkerId::from_hex(&row.text(1)?).ok_or_else(|| corrupt("a worker"))?,
        offer: Offer {
            endpoint: row.text_or_null(2)?.map(Into::into),
            gpu_tier: narrow(row.small(3)?)?,
            models: row.text(4)?.lines().map(Into::into).collect(),
            concurrency: narrow(row.small(5)?)?,
        },
        state,
        enrolled_at: row.instant(9)?,
        said_at: row.instant(10)?,
        version: Version(row.count(11)?),
    })
}

/// A number that was written from a smaller type.
fn narrow<T: TryFrom<u32>>(number: u32) -> Result<T, StoreError> {
    number.try_into().map_err(|_| corrupt("a number of an enrolment"))
}

/// All columns of a notice.
pub(crate) fn notice(entry: &NoticeEntry) -> Vec<Value<'_>> {
    let (job, wallet) = match entry.notice {
        Notice::Enrolled(wallet) => (Value::Null, Value::text(wallet)),
        Notice::Funded(job) | Notice::Done(job) => (Value::job(job), Value::Null),
    };
    vec![Value::Int(entry.number), entry.at.into(), Value::name(entry.notice.name()), job, wallet]
}

/// Reads the number, the instant, the event, the job and the wallet of a notice.
pub(crate) fn parse_notice(row: &dyn Columns) -> Result<NoticeRow, StoreError> {
    let job = || row.count(3).map(JobId);
    let notice = match row.text(2)?.as_str() {
        "enrolled" => Notice::Enrolled(Wallet::parse(&row.text(4)?).ok_or_else(|| corrupt("a wallet"))?),
        "funded" => Notice::Funded(job()?),
        "done" => Notice::Done(job()?),
        _ => return Err(corrupt("a notice")),
    };
    Ok(NoticeRow { number: row.int(0)?, at: Timestamp(row.int(1)?), notice })
}
