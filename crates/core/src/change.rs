//! All that follows from a decision, to be written at once or not at all.

use crate::agent::hire::notes;
use crate::agent::hire::step::Taken;
use crate::agent::identity::{Agent, Wallet};
use crate::agent::offer::Offer;
use crate::agent::standing::Note;
use crate::agent::tally::{self, Tally};
use crate::challenge::Challenge;
use crate::challenge::reference::Reference;
use crate::effect::{self, Effect};
use crate::enrolment::Enrolment;
use crate::event::{Delivery, Event, Fault, Voucher};
use crate::hash::Sha256;
use crate::hook::{self, Hook};
use crate::id::{AgentId, ClientId, JobId, PublicId, Version, WorkerId};
use crate::job::{Job, State};
use crate::key::{self, ApiKey, Spending};
use crate::ledger::{self, Account, Transfer};
use crate::money::Amount;
use crate::policy::{Ruling, Verdict};
use crate::reputation::Evidence;
use crate::time::Timestamp;
use crate::trust::{Pairing, Trust};
use crate::worker::Worker;
use std::sync::Arc;

/// One atomic change of the books, with every version it relied on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// When it was decided.
    pub at: Timestamp,
    /// The job as it is afterwards, if the change is about one.
    pub job: Option<JobChange>,
    /// Other records as they are afterwards.
    pub records: Vec<RecordChange>,
    /// What moves.
    pub transfers: Vec<Transfer>,
    /// Who must be told, and what must be done next.
    pub effects: Vec<Effect>,
    /// What it says of a worker.
    pub evidence: Option<(WorkerId, Evidence)>,
    /// What it says of agents, in this order.
    pub notes: Vec<(AgentId, Note)>,
    /// What the key of the job spends, or has back.
    pub spending: Option<Spending>,
    /// A key that no other change may ever use.
    pub claim: Option<Claim>,
}

/// A job's part of a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobChange {
    /// The version that was decided on.
    pub before: Version,
    /// The job as it is afterwards.
    pub after: Arc<Job>,
    /// What happened.
    pub event: Event,
}

/// A record with optimistic versioning: the write fails if `before` no longer stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordChange {
    /// The version that was decided on; [`Version::NONE`] for a new record.
    pub before: Version,
    /// The record as it is afterwards.
    pub after: Record,
}

/// Whatever has a version and is not a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A worker's identity.
    Worker(Worker),
    /// A code that pairs a client with a worker.
    Pairing(Pairing),
    /// A client's trust in a worker.
    Trust(Trust),
    /// An API key.
    Key(ApiKey),
    /// Where an account wants to be told what happens.
    Hook(Hook),
    /// What a hook is to be told, and what has become of it.
    Delivery(hook::Delivery),
    /// An agent.
    Agent(Agent),
    /// What an agent has said of a job that it wants to do.
    Offer(Offer),
    /// For which class of hardware a worker is enrolled.
    Enrolment(Enrolment),
    /// A test of somebody who is enrolled.
    Challenge(Challenge),
    /// What a trusted worker has answered. It is written once.
    Reference(Reference),
}

/// Something that everybody may see who looks at the work for which a class of hardware is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Somebody enrolled.
    Enrolled(Wallet),
    /// A job's price is held.
    Funded(JobId),
    /// A job is done.
    Done(JobId),
}

impl Notice {
    /// The name in the store.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Enrolled(_) => "enrolled",
            Self::Funded(_) => "funded",
            Self::Done(_) => "done",
        }
    }
}

/// A caller's promise that this is the same request as any other under the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Scope and key, such as `quotes:alice:7f3c`.
    pub key: Arc<str>,
    /// The digest of the request.
    pub request: Sha256,
    /// What a repeat is answered with.
    pub answer: PublicId,
}

impl Change {
    /// All that follows when `event` happens to `job`.
    pub fn of(job: &Job, event: Event, at: Timestamp) -> Self {
        let transfers = ledger::transfers(job, &event);
        let after = job.apply(&event, at);
        Self {
            at,
            effects: effect::effects(&after, &event),
            evidence: evidence(job, &event),
            notes: notes::notes(job, &event, &transfers),
            spending: key::spending(job, &event),
            transfers,
            job: Some(JobChange { before: job.version, after: Arc::new(after), event }),
            records: Vec::new(),
            claim: None,
        }
    }

    /// A change of one record alone.
    pub fn of_record(before: Version, after: Record, at: Timestamp) -> Self {
        Self { records: vec![RecordChange { before, after }], ..Self::empty(at) }
    }

    /// Money that moves for the operator's or a network's reasons, guarded by a key against repetition.
    pub fn of_transfer(transfer: Transfer, claim: Claim, at: Timestamp) -> Self {
        Self { transfers: vec![transfer], claim: Some(claim), ..Self::empty(at) }
    }

    /// A key that is used for ever, and nothing else.
    pub fn of_claim(claim: Claim, at: Timestamp) -> Self {
        Self { claim: Some(claim), ..Self::empty(at) }
    }

    /// What somebody saw of a worker apart from any job.
    pub fn of_evidence(worker: WorkerId, evidence: Evidence, at: Timestamp) -> Self {
        Self { evidence: Some((worker, evidence)), ..Self::empty(at) }
    }

    pub(crate) const fn empty(at: Timestamp) -> Self {
        Self {
            at,
            job: None,
            records: Vec::new(),
            transfers: Vec::new(),
            effects: Vec::new(),
            evidence: None,
            notes: Vec::new(),
            spending: None,
            claim: None,
        }
    }

    /// Whether it must be on disk before anybody hears of it.
    pub fn is_durable(&self) -> bool {
        self.job.as_ref().is_none_or(|job| job.event.is_durable())
    }

    /// Whether money moves.
    pub fn moves_money(&self) -> bool {
        !self.transfers.is_empty()
    }

    /// Whether it is a leaf of the log: it moves money, names what one agent has delivered to another, or says what
    /// capital is worth.
    pub fn is_logged(&self) -> bool {
        let names_work = |job: &JobChange| job.after.hire.is_some() && job.event.delivery().is_some();
        let values = |job: &JobChange| matches!(job.event, Event::Hire(Taken::Valued { .. }));
        self.moves_money() || self.job.as_ref().is_some_and(|job| names_work(job) || values(job))
    }

    /// Whether those hear of it who follow the jobs for which one agent hires another.
    pub fn is_fed(&self) -> bool {
        self.job.as_ref().is_some_and(|job| job.after.hire.is_some())
            || self.records.iter().any(|record| matches!(record.after, Record::Offer(_)))
    }

    /// What of it everybody may see who looks at the work for which a class of hardware is asked.
    pub fn notice(&self) -> Option<Notice> {
        if let Some(job) = self.job.as_ref().filter(|job| job.after.policy.tier.is_some()) {
            return match job.event {
                Event::Funded { .. } => Some(Notice::Funded(job.after.id)),
                Event::Settled { .. } => Some(Notice::Done(job.after.id)),
                _ => None,
            };
        }
        self.records.iter().find_map(|record| match &record.after {
            Record::Enrolment(new) if record.before == Version::NONE => Some(Notice::Enrolled(new.wallet)),
            _ => None,
        })
    }

    /// What it adds to the counts of its hour.
    pub fn tallies(&self) -> Vec<(Tally, i128)> {
        let job = self.job.as_ref().map(|job| (&*job.after, &job.event));
        tally::tallies(job, &self.transfers)
    }

    /// The job it is about.
    pub fn job_id(&self) -> Option<JobId> {
        self.job.as_ref().map(|job| job.after.id)
    }

    /// Accounts that must not end below zero, apart from the job's own.
    pub fn debited(&self) -> impl Iterator<Item = &Account> {
        self.transfers.iter().map(|transfer| &transfer.from).filter(|account| !account.may_be_negative())
    }
}

/// A paid job speaks for the worker once nobody can dispute it any more, a fault of his against him at once, and
/// nothing else does either. Neither does a job that costs nothing, or that he has ordered from himself.
fn evidence(job: &Job, event: &Event) -> Option<(WorkerId, Evidence)> {
    let lost = |worker, reason: Fault| {
        let bad_proof = matches!(reason, Fault::BadReceipt);
        let evidence = if bad_proof { Evidence::Unproven } else { Evidence::Lost };
        reason.blames_worker().then_some((worker, evidence))
    };
    // Of a part only the coordinator knows that it is one: it never speaks for him.
    let paid = |delivery: &Delivery, charge: Amount| {
        let whole = delivery.voucher == Voucher::Worker && !charge.is_zero();
        let worker = delivery.worker().filter(|_| whole)?;
        Some((worker, Evidence::Paid { placing: delivery.conduct.placing }))
    };
    let evidence = match (event, &job.state) {
        (Event::Settled { delivery, broken: Some(reason), .. }, _) => lost(delivery.worker()?, *reason),
        (Event::Settled { delivery, charge, vests_at: None, .. }, _) => paid(delivery, *charge),
        (
            Event::Evaluated { verdict: Verdict::Complete, charge, vests_at: None, .. },
            State::Submitted { delivery, .. },
        ) => paid(delivery, *charge),
        (Event::Vested { .. }, State::Settled { delivery, charge, .. }) => paid(delivery, *charge),
        (Event::Ruled { ruling: Ruling::ForWorker, .. }, State::Disputed { delivery, .. }) => {
            paid(delivery, job.vesting)
        }
        // What was to be paid turns out not to be what was signed. Where the answer had broken off by his fault, that
        // has counted already.
        (
            Event::Ruled { ruling: Ruling::ForClient, .. },
            State::Disputed { delivery, verdict: Verdict::Complete, .. },
        ) if !delivery.conduct.blamed => Some((delivery.worker()?, Evidence::Unproven)),
        (Event::Returned { worker, reason, .. }, _) => lost(*worker, *reason),
        (Event::Closed { reason, .. }, _) => lost(job.holder()?.0, *reason),
        _ => None,
    };
    // What was delivered as a proof is judged apart, and so is its silence.
    let counts_here = |of: &Evidence| {
        let counts = !matches!(of, Evidence::Paid { .. }) && !is_late(event);
        counts || !job.is_challenge()
    };
    evidence.filter(|(worker, of)| !job.price.is_zero() && !is_own(&job.client, worker) && counts_here(of))
}

/// Whether an event says that nothing came in time.
const fn is_late(event: &Event) -> bool {
    matches!(event, Event::Closed { reason: Fault::TimedOut, .. })
}

/// Whether a client is the worker itself, under whatever scope: by its key, or by its wallet where it has no key.
fn is_own(client: &ClientId, worker: &WorkerId) -> bool {
    let name = client.0.rsplit(':').next().unwrap_or_default();
    let by_key = WorkerId::from_hex(name).is_some_and(|named| named == *worker);
    by_key || Wallet::parse(name).is_some_and(|wallet| worker.wallet() == Some(wallet))
}
