//! Hooks and what they are told, as rows and back.

use crate::error::StoreError;
use crate::read::DeliveryRow;
use crate::rows::read;
use crate::value::{Columns, Value, corrupt};
use docket_core::hook::{
    Delivery, DeliveryState, EventId, Hook, HookId, HookSecret, HookStatus, Occasion, Outcome, Retired,
    Trouble,
};
use docket_core::id::{ClientId, Version};
use docket_core::time::Timestamp;

/// The columns of a hook; the rows are chosen where it is used.
pub(crate) const HOOKS: &str =
    "SELECT hook_id, client, url, occasions, secret, created_ms, disabled, version, retired FROM hook";
/// The columns of a delivery; the rows are chosen where it is used.
pub(crate) const DELIVERIES: &str = "SELECT event_id, number, hook_id, dialect, public_id, occasion, detail, at_ms, \
     since_ms, attempts, next_ms, last_status, last_error, delivered, ended_ms, version FROM delivery";

/// All columns of a hook.
pub(crate) fn hook(hook: &Hook) -> Vec<Value<'_>> {
    let occasions: Vec<_> = hook.occasions.iter().map(|occasion| occasion.name()).collect();
    let retired = hook.retired.iter().map(|Retired { secret, until }| format!("{} {}", until.0, secret.0));
    let retired: Vec<_> = retired.collect();
    vec![
        Value::text(hook.id),
        Value::name(&hook.client.0),
        Value::name(&hook.url),
        Value::text(occasions.join(" ")),
        Value::name(&hook.secret.0),
        hook.created_at.into(),
        Value::flag(hook.status != HookStatus::Active),
        Value::count(hook.version.0),
        Value::text(retired.join("\n")),
    ]
}

/// The reverse of how a secret that was replaced stands in its column; it has no control characters.
fn parse_retired(line: &str) -> Option<Retired> {
    let (until, secret) = line.split_once(' ')?;
    Some(Retired { secret: HookSecret(secret.into()), until: Timestamp(until.parse().ok()?) })
}

/// All columns of a new delivery.
pub(crate) fn new_delivery((number, delivery): &(i64, Delivery)) -> Vec<Value<'_>> {
    let job = delivery.job.as_ref();
    let mut row = vec![
        Value::text(delivery.id),
        Value::Int(*number),
        Value::text(delivery.hook),
        job.map_or(Value::Null, |job| Value::name(job.dialect.name())),
        job.map_or(Value::Null, |job| Value::name(&job.text)),
        Value::name(delivery.occasion.name()),
        Value::name(&delivery.detail),
        delivery.at.into(),
    ];
    row.extend(progress(delivery));
    row
}

/// The columns of a delivery that change, its id first.
pub(crate) fn changed_delivery(delivery: &Delivery) -> Vec<Value<'_>> {
    std::iter::once(Value::text(delivery.id)).chain(progress(delivery)).collect()
}

fn progress(delivery: &Delivery) -> [Value<'_>; 8] {
    let (next, ended, delivered) = match delivery.state {
        DeliveryState::Waiting(at) => (Some(at), None, false),
        DeliveryState::Delivered(at) => (None, Some(at), true),
        DeliveryState::Failed(at) => (None, Some(at), false),
        DeliveryState::Forgotten => (None, None, false),
    };
    let (status, error) = match delivery.last {
        None => (Value::Null, Value::Null),
        Some(Outcome::Answered(status)) => (Value::Int(status.into()), Value::Null),
        Some(Outcome::Unheard(trouble)) => (Value::Null, Value::name(trouble.name())),
    };
    [
        delivery.since.into(),
        Value::Int(delivery.attempts.into()),
        next.into(),
        status,
        error,
        Value::flag(delivered),
        ended.into(),
        Value::count(delivery.version.0),
    ]
}

/// Reads a row of [`HOOKS`].
pub(crate) fn parse_hook(row: &dyn Columns) -> Result<Hook, StoreError> {
    let occasions = row.text(3)?;
    let occasions = occasions.split_whitespace().map(Occasion::parse).collect::<Option<_>>();
    let retired = row.text(8)?;
    let retired = retired.lines().map(parse_retired).collect::<Option<_>>();
    Ok(Hook {
        id: hook_id(&row.text(0)?)?,
        client: ClientId(row.text(1)?.into()),
        url: row.text(2)?.into(),
        occasions: occasions.ok_or_else(|| corrupt("an occasion"))?,
        secret: HookSecret(row.text(4)?.into()),
        retired: retired.ok_or_else(|| corrupt("a secret that was replaced"))?,
        created_at: row.instant(5)?,
        status: if row.flag(6)? { HookStatus::Disabled } else { HookStatus::Active },
        version: Version(row.count(7)?),
    })
}

/// Reads a row of [`DELIVERIES`].
pub(crate) fn parse_delivery(row: &dyn Columns) -> Result<DeliveryRow, StoreError> {
    let job = match row.text_or_null(3)? {
        Some(_) => Some(read::public_id(row, 3, 4)?),
        None => None,
    };
    let last = match (row.int_or_null(11)?, row.text_or_null(12)?) {
        (None, None) => None,
        (Some(status), _) => Some(Outcome::Answered(u16::try_from(status).map_err(|_| corrupt("a status"))?)),
        (None, Some(error)) => {
            Some(Outcome::Unheard(Trouble::parse(&error).ok_or_else(|| corrupt("a trouble"))?))
        }
    };
    let state = match (row.int_or_null(10)?, row.int_or_null(14)?, row.flag(13)?) {
        (Some(next), _, _) => DeliveryState::Waiting(Timestamp(next)),
        (None, Some(ended), true) => DeliveryState::Delivered(Timestamp(ended)),
        (None, Some(ended), false) => DeliveryState::Failed(Timestamp(ended)),
        (None, None, _) => return Err(corrupt("a delivery without an end")),
    };
    let delivery = Delivery {
        id: event_id(&row.text(0)?)?,
        hook: hook_id(&row.text(2)?)?,
        job,
        occasion: Occasion::parse(&row.text(5)?).ok_or_else(|| corrupt("an occasion"))?,
        detail: row.text(6)?.into(),
        at: row.instant(7)?,
        since: row.instant(8)?,
        attempts: row.small(9)?,
        state,
        last,
        version: Version(row.count(15)?),
    };
    Ok(DeliveryRow { number: row.int(1)?, delivery })
}

/// A hook's id.
pub(crate) fn hook_id(text: &str) -> Result<HookId, StoreError> {
    HookId::parse(text).ok_or_else(|| corrupt("the id of a hook"))
}

/// An event's id.
pub(crate) fn event_id(text: &str) -> Result<EventId, StoreError> {
    EventId::parse(text).ok_or_else(|| corrupt("the id of an event"))
}
