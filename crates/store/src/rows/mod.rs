//! A group of winners as rows: the same values for both databases, each in the order of its statement.

pub(crate) mod agent;
pub(crate) mod challenge;
pub(crate) mod enrolment;
pub(crate) mod hire;
pub(crate) mod hook;
pub(crate) mod job;
pub(crate) mod read;
pub(crate) mod snapshot;

use crate::batch::{
    Batch, FeedEntry, JournalEntry, Leaf, Payload, ResultDocument, ResultEntry, TransferEntry,
};
use crate::error::StoreError;
use crate::value::{Value, corrupt};
use crate::writer::{Key, Moved, Spent};
use docket_core::change::Claim;
use docket_core::hook::{Delivery, DeliveryState, HookStatus};
use docket_core::id::{JobId, WorkerId};
use docket_core::key::{ApiKey, Period};
use docket_core::merkle::Hash;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use std::collections::BTreeMap;

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
    Leaf,
    Node,
    Worker,
    Standing,
    Pairing,
    Trust,
    ApiKey,
    NewSpending,
    ChangedSpending,
    Hook,
    DeletedHook,
    NewDelivery,
    ChangedDelivery,
    ForgottenDelivery,
    Agent,
    Hire,
    Offer,
    AgentStanding,
    Feed,
    NewTally,
    ChangedTally,
    Snapshot,
    Enrolment,
    Notice,
    Challenge,
    Reference,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub(crate) const ALL: [Self; 36] = [
        Self::NewPolicy,
        Self::NewJob,
        Self::ChangedJob,
        Self::Payload,
        Self::Result,
        Self::Journal,
        Self::Transfer,
        Self::NewBalance,
        Self::ChangedBalance,
        Self::Claim,
        Self::Leaf,
        Self::Node,
        Self::Worker,
        Self::Standing,
        Self::Pairing,
        Self::Trust,
        Self::ApiKey,
        Self::NewSpending,
        Self::ChangedSpending,
        Self::Hook,
        Self::DeletedHook,
        Self::NewDelivery,
        Self::ChangedDelivery,
        Self::ForgottenDelivery,
        Self::Agent,
        Self::Hire,
        Self::Offer,
        Self::AgentStanding,
        Self::Feed,
        Self::NewTally,
        Self::ChangedTally,
        Self::Snapshot,
        Self::Enrolment,
        Self::Notice,
        Self::Challenge,
        Self::Reference,
    ];

    /// Whether each row must have found what it was made from.
    const fn is_guarded(self) -> bool {
        matches!(
            self,
            Self::ChangedJob
                | Self::ChangedBalance
                | Self::Worker
                | Self::Standing
                | Self::Pairing
                | Self::ApiKey
                | Self::ChangedSpending
                | Self::Hook
                | Self::DeletedHook
                | Self::ChangedDelivery
                | Self::ForgottenDelivery
                | Self::Agent
                | Self::Hire
                | Self::Offer
                | Self::ChangedTally
                | Self::Enrolment
                | Self::Challenge
        )
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
        let (changed, new) = changed_and_new(&self.balances);
        let (more_counted, newly_counted) = changed_and_new(&self.tallies);
        let (more_spent, newly_spent) = changed_and_new(&self.spendings);
        let forgotten = |delivery: &&Delivery| delivery.state == DeliveryState::Forgotten;
        let (forgotten, deliveries): (Vec<_>, Vec<_>) = self.changed_deliveries.values().partition(forgotten);
        let (deleted, hooks): (Vec<_>, Vec<_>) =
            self.hooks.values().partition(|hook| hook.status == HookStatus::Deleted);
        let jobs = self.new_jobs.iter().map(|(job, _)| job).chain(&self.changed_jobs);
        let all: [(Kind, Rows<'_>); 36] = [
            (
                Kind::NewPolicy,
                each(&self.new_policies, |(id, body)| vec![Value::Int(*id), Value::name(body)]),
            ),
            (Kind::NewJob, each(&self.new_jobs, |(job, policy)| job::new(job, *policy))),
            (Kind::ChangedJob, each(&self.changed_jobs, |job| job::changed(job))),
            (Kind::Payload, each(&self.payloads, payload_row)),
            (Kind::Result, each(&self.results, result_row)),
            (Kind::Journal, each(&self.journal, journal_row)),
            (Kind::Transfer, each(&self.transfers, transfer_row)),
            (Kind::NewBalance, each(new, new_balance_row)),
            (Kind::ChangedBalance, each(changed, with_before(new_balance_row))),
            (Kind::Claim, each(&self.claims, |(claim, at)| claim_row(claim, *at))),
            (Kind::Leaf, each(&self.leaves, leaf_row)),
            (Kind::Node, each(&self.nodes, node_row)),
            (Kind::Worker, each(self.workers.values(), worker_row)),
            (Kind::Standing, each(&self.standings, standing_row)),
            (Kind::Pairing, each(self.pairings.values(), pairing_row)),
            (Kind::Trust, each(&self.trusts, trust_row)),
            (Kind::ApiKey, each(self.keys.values(), key_row)),
            (Kind::NewSpending, each(newly_spent, new_spending_row)),
            (Kind::ChangedSpending, each(more_spent, with_before(new_spending_row))),
            (Kind::Hook, each(hooks, hook::hook)),
            (Kind::DeletedHook, each(deleted, |hook| vec![Value::text(hook.id)])),
            (Kind::NewDelivery, each(&self.new_deliveries, hook::new_delivery)),
            (Kind::ChangedDelivery, each(deliveries, hook::changed_delivery)),
            (Kind::ForgottenDelivery, each(forgotten, |delivery| vec![Value::text(delivery.id)])),
            (Kind::Agent, each(self.agents.values(), agent::agent)),
            (Kind::Hire, jobs.filter_map(|job| hire::hire(job)).collect()),
            (Kind::Offer, each(self.offers.values(), hire::offer)),
            (Kind::AgentStanding, each(&self.agent_standings, hire::standing)),
            (Kind::Feed, each(&self.feed, feed_row)),
            (Kind::NewTally, each(newly_counted, hire::new_tally)),
            (Kind::ChangedTally, each(more_counted, with_before(hire::new_tally))),
            (Kind::Snapshot, each(&self.snapshots, snapshot::snapshot)),
            (Kind::Enrolment, each(self.enrolments.values(), enrolment::enrolment)),
            (Kind::Notice, each(&self.notices, enrolment::notice)),
            (Kind::Challenge, each(self.challenges.values(), challenge::challenge)),
            (Kind::Reference, each(&self.references, challenge::reference)),
        ];
        all.into_iter().filter(|(_, rows)| !rows.is_empty()).collect()
    }
}

fn each<'a, T>(items: impl IntoIterator<Item = T>, row: impl Fn(T) -> Vec<Value<'a>>) -> Rows<'a> {
    items.into_iter().map(row).collect()
}

/// Some of the sums that a group has moved.
type Sums<'a, K> = Vec<(&'a K, &'a Moved)>;

/// Sums that have a row, and sums that have none yet.
fn changed_and_new<K>(sums: &BTreeMap<K, Moved>) -> (Sums<'_, K>, Sums<'_, K>) {
    sums.iter().partition(|(_, moved)| moved.before.is_some())
}

/// The row of a sum that has one: that of a new one, and what it was before.
fn with_before<'a, K: 'a>(
    new: impl Fn((&'a K, &'a Moved)) -> Vec<Value<'a>>,
) -> impl Fn((&'a K, &'a Moved)) -> Vec<Value<'a>> {
    move |(key, moved)| {
        let mut row = new((key, moved));
        row.push(moved.before.map_or(Value::Null, Value::text));
        row
    }
}

fn payload_row((job, payload): &(JobId, Payload)) -> Vec<Value<'_>> {
    let echo = payload.echo.as_deref().map_or(Value::Null, Value::name);
    vec![Value::job(*job), Value::Bytes(&payload.body), echo]
}

fn result_row(entry: &ResultEntry) -> Vec<Value<'_>> {
    let ResultDocument { output, receipt, decision } = &entry.document;
    vec![Value::Int(entry.journal_id), Value::Bytes(output), Value::Bytes(receipt), Value::name(decision)]
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

fn feed_row(entry: &FeedEntry) -> Vec<Value<'_>> {
    vec![
        Value::Int(entry.journal_id),
        Value::job(entry.job),
        Value::name(entry.event),
        Value::name(entry.before),
        Value::name(entry.after),
        entry.agent.map_or(Value::Null, |agent| Value::count(agent.0)),
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

fn claim_row(claim: &Claim, at: Timestamp) -> Vec<Value<'_>> {
    vec![
        Value::name(&claim.key),
        Value::text(claim.request),
        Value::name(claim.answer.dialect.name()),
        Value::name(&claim.answer.text),
        at.into(),
    ]
}

fn leaf_row((index, leaf): &(u64, Leaf)) -> Vec<Value<'_>> {
    vec![Value::count(*index), Value::Bytes(&leaf.entry), Value::Bytes(&leaf.hash)]
}

fn node_row((level, index, hash): &(u8, u64, Hash)) -> Vec<Value<'_>> {
    vec![Value::Int((*level).into()), Value::count(*index), Value::Bytes(hash)]
}

/// Evidence is no part of it: it has no version, and is written apart.
fn worker_row(worker: &Worker) -> Vec<Value<'_>> {
    vec![
        Value::text(worker.id),
        Value::flag(worker.proven),
        Value::flag(worker.suspended),
        worker.first_seen.into(),
        Value::count(worker.version.0),
    ]
}

/// The evidence of a worker's row, as it stands after the group.
fn standing_row<'a>((id, worker): (&'a WorkerId, &'a Worker)) -> Vec<Value<'a>> {
    let Worker { standing, reputation: weighed, .. } = worker;
    vec![
        Value::text(id),
        Value::Int(standing.completed.into()),
        Value::Int(standing.failed.into()),
        Value::count(weighed.paid),
        Value::count(weighed.lost),
        Value::count(weighed.unproven),
        Value::count(weighed.placed),
        Value::count(weighed.compared),
        Value::count(weighed.connected),
        Value::count(weighed.watched),
        weighed.watched_until.into(),
        Value::Int(weighed.hour),
        Value::count(weighed.passed),
        Value::count(weighed.refuted),
    ]
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

fn key_row(key: &ApiKey) -> Vec<Value<'_>> {
    let limit = |units: Option<u128>| units.map_or(Value::Null, Value::text);
    vec![
        Value::text(key.number()),
        Value::text(key.id.0),
        Value::name(&key.client.0),
        Value::name(&key.label),
        key.created_at.into(),
        key.revoked_at.into(),
        limit(key.limits.per_day),
        limit(key.limits.in_all),
        Value::count(key.version.0),
    ]
}

/// How a period ends the name of a sum.
pub(crate) fn period(period: Period) -> String {
    match period {
        Period::Day(day) => format!("/{day}"),
        Period::InAll => "/all".to_owned(),
    }
}

/// The name of a sum: of what a key has spent over a period.
pub(crate) fn spent((number, over): &Spent) -> Value<'static> {
    Value::Text(format!("{number}{}", period(*over)).into())
}

fn new_spending_row<'a>((sum, moved): (&'a Spent, &'a Moved)) -> Vec<Value<'a>> {
    vec![spent(sum), Value::text(moved.after)]
}
