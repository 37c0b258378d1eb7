//! A group of winners as rows: the same values for both databases, each in the order of its statement.

pub(crate) mod job;
pub(crate) mod read;

use crate::batch::{Batch, JournalEntry, Leaf, ResultDocument, TransferEntry};
use crate::error::StoreError;
use crate::value::{Value, corrupt};
use crate::writer::{Key, Moved};
use docket_core::change::{Claim, Standing};
use docket_core::effect::Effect;
use docket_core::id::{JobId, WorkerId};
use docket_core::merkle::Hash;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;

/// Which statement writes a row. The order is that in which a group is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    NewPolicy,
    NewJob,
    ChangedJob,
    Payload,
    Result,
    Journal,
    Transfer,
    NewBalance,
    ChangedBalance,
    Claim,
    Routed,
    Effect,
    Leaf,
    Node,
    Worker,
    Standing,
    Pairing,
    Trust,
}

impl Kind {
    /// Whether each row must have found what it was made from.
    const fn is_guarded(self) -> bool {
        matches!(self, Self::ChangedJob | Self::ChangedBalance | Self::Worker | Self::Pairing)
    }

    /// Refuses a write that has not found all that it was made from. Nobody else may write, but if
    /// somebody has, then what is in memory is wrong.
    pub(crate) fn check(self, rows: &Rows<'_>, changed: usize) -> Result<(), StoreError> {
        match self.is_guarded() && changed != rows.len() {
            true => Err(corrupt("a row that somebody else has changed")),
            false => Ok(()),
        }
    }
}

/// Rows for one statement: the values of each stand in the order of its parameters.
pub(crate) type Rows<'a> = Vec<Vec<Value<'a>>>;

impl Batch {
    /// The group as rows, without the kinds that it has none of.
    pub(crate) fn rows(&self) -> Vec<(Kind, Rows<'_>)> {
        let (changed, new): (Vec<_>, Vec<_>) =
            self.balances.iter().partition(|(_, moved)| moved.before.is_some());
        let all: [(Kind, Rows<'_>); 18] = [
            (
                Kind::NewPolicy,
                each(&self.new_policies, |(id, body)| vec![Value::Int(*id), Value::name(body)]),
            ),
            (Kind::NewJob, each(&self.new_jobs, |(job, policy)| job::new(job, *policy))),
            (Kind::ChangedJob, each(&self.changed_jobs, |job| job::changed(job))),
            (Kind::Payload, each(&self.payloads, |(job, body)| vec![Value::job(*job), Value::Bytes(body)])),
            (Kind::Result, each(&self.results, |(job, result)| result_row(*job, result))),
            (Kind::Journal, each(&self.journal, journal_row)),
            (Kind::Transfer, each(&self.transfers, transfer_row)),
            (Kind::NewBalance, each(new, new_balance_row)),
            (Kind::ChangedBalance, each(changed, changed_balance_row)),
            (Kind::Claim, each(&self.claims, |(claim, at)| claim_row(claim, *at))),
            (Kind::Routed, each(&self.routed, |job| vec![Value::job(*job)])),
            (Kind::Effect, each(&self.effects, effect_row)),
            (Kind::Leaf, each(&self.leaves, leaf_row)),
            (Kind::Node, each(&self.nodes, node_row)),
            (Kind::Worker, each(self.workers.values(), worker_row)),
            (Kind::Standing, each(&self.standings, standing_row)),
            (Kind::Pairing, each(self.pairings.values(), pairing_row)),
            (Kind::Trust, each(&self.trusts, trust_row)),
        ];
        all.into_iter().filter(|(_, rows)| !rows.is_empty()).collect()
    }
}

fn each<'a, T>(items: impl IntoIterator<Item = T>, row: impl Fn(T) -> Vec<Value<'a>>) -> Rows<'a> {
    items.into_iter().map(row).collect()
}

fn result_row(job: JobId, result: &ResultDocument) -> Vec<Value<'_>> {
    vec![
        Value::job(job),
        Value::Bytes(&result.output),
        Value::Bytes(&result.receipt),
        Value::name(&result.decision),
    ]
}

fn journal_row(entry: &JournalEntry) -> Vec<Value<'_>> {
    let transfers = &entry.transfers;
    vec![
        Value::Int(entry.journal_id),
        entry.job.map_or(Value::Null, Value::job),
        Value::count(entry.version.0),
        entry.at.into(),
        Value::name(entry.event),
        Value::name(&entry.detail),
        entry.leaf_index.map_or(Value::Null, Value::count),
        if transfers.is_empty() { Value::Null } else { Value::Int(transfers.start) },
        Value::Int(transfers.end - transfers.start),
    ]
}

fn transfer_row(entry: &TransferEntry) -> Vec<Value<'_>> {
    vec![
        Value::Int(entry.id),
        Value::Int(entry.journal_id),
        Value::text(&entry.from),
        Value::text(&entry.to),
        Value::flag(entry.from.job().is_none()),
        Value::flag(entry.to.job().is_none()),
        Value::name(entry.amount.asset.name()),
        Value::Int(entry.amount.asset.decimals().into()),
        Value::text(entry.amount.units),
    ]
}

fn new_balance_row<'a>(((account, asset), moved): (&'a Key, &'a Moved)) -> Vec<Value<'a>> {
    vec![
        Value::text(account),
        Value::name(asset.name()),
        Value::Int(asset.decimals().into()),
        Value::text(moved.after),
    ]
}

fn changed_balance_row<'a>((key, moved): (&'a Key, &'a Moved)) -> Vec<Value<'a>> {
    let mut row = new_balance_row((key, moved));
    row.push(moved.before.map_or(Value::Null, Value::text));
    row
}

fn claim_row(claim: &Claim, at: Timestamp) -> Vec<Value<'_>> {
    vec![
        Value::name(&claim.key),
        Value::text(claim.request),
        Value::name(claim.answer.dialect.name()),
        Value::name(&claim.answer.text),
        at.into(),
    ]
}

fn effect_row(effect: &Effect) -> Vec<Value<'_>> {
    vec![Value::job(effect.job), Value::count(effect.version.0), Value::name(effect.kind.name())]
}

fn leaf_row((index, leaf): &(u64, Leaf)) -> Vec<Value<'_>> {
    vec![Value::count(*index), Value::Bytes(&leaf.entry), Value::Bytes(&leaf.hash)]
}

fn node_row((level, index, hash): &(u8, u64, Hash)) -> Vec<Value<'_>> {
    vec![Value::Int((*level).into()), Value::count(*index), Value::Bytes(hash)]
}

/// Standing is no part of it: that is added up, never set.
fn worker_row(worker: &Worker) -> Vec<Value<'_>> {
    vec![
        Value::text(worker.id),
        Value::flag(worker.proven),
        Value::flag(worker.suspended),
        worker.first_seen.into(),
        Value::count(worker.version.0),
    ]
}

/// Changes the row of a worker that has ever registered, and of nobody else.
fn standing_row<'a>((worker, gained): (&'a WorkerId, &'a Standing)) -> Vec<Value<'a>> {
    vec![Value::text(worker), Value::Int(gained.completed.into()), Value::Int(gained.failed.into())]
}

fn pairing_row(pairing: &Pairing) -> Vec<Value<'_>> {
    vec![
        Value::text(pairing.code),
        Value::name(&pairing.client.0),
        pairing.expires_at.into(),
        pairing.claimed_by.map_or(Value::Null, Value::text),
        Value::count(pairing.version.0),
    ]
}

fn trust_row(trust: &Trust) -> Vec<Value<'_>> {
    vec![Value::name(&trust.client.0), Value::text(trust.worker), trust.since.into()]
}
