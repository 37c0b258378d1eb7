//! What a change of a job tells the hooks of its client: written with the change, so that none is lost.

use super::books::Key;
use docket_core::change::Change;
use docket_core::hook::{Delivery, Hook, Occasion, low};
use docket_core::id::ClientId;
use docket_core::ledger::Account;
use std::sync::Arc;

/// Whose hooks are told of a change; nobody's where the job was not asked for under an API key.
pub(super) fn listener(change: &Change) -> Option<&ClientId> {
    let job = change.job.as_ref().filter(|job| job.after.key.is_some())?;
    Occasion::of(&job.event).map(|_| &job.after.client)
}

/// What the hooks are told. `balances` are those after the change, and `before` says what they were.
pub(super) fn deliveries(
    change: &Change,
    hooks: &[Hook],
    balances: &[(Key, i128)],
    before: impl Fn(&Key) -> i128,
) -> Vec<Delivery> {
    let Some(job) = change.job.as_ref().filter(|_| !hooks.is_empty()) else { return Vec::new() };
    let (name, client) = (&job.after.public_id, &job.after.client);
    let happened = Occasion::of(&job.event).map(|occasion| (occasion, Arc::from("")));
    let dry = balances.iter().find(|(key, after)| {
        let limit = low(key.1);
        matches!(&key.0, Account::Client(whose) if whose == client) && *after < limit && before(key) >= limit
    });
    let dry = dry.map(|(_, after)| (Occasion::BalanceLow, Arc::from(after.to_string())));
    let told = happened.into_iter().chain(dry).flat_map(|(occasion, detail)| {
        let listening = hooks.iter().filter(move |hook| hook.wants(occasion));
        listening.map(move |hook| Delivery::of(hook, name, occasion, Arc::clone(&detail), change.at))
    });
    told.collect()
}
