//! What is under way, in memory. What has been decided of it stands on disk.

use crate::RETRY;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{JobId, WorkerId};
use docket_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// References of so many models are kept in memory.
const MODELS: usize = 4_096;
/// So many kinds of references may be wanted at a time.
const WANTED: usize = 64;
/// So many questions are remembered whose answers are of no use.
const UNFIT: usize = 65_536;

/// Questions are put in so many names, and so often in a new one.
const ASKERS: usize = 61;
const ONE_NEW_IN: u64 = 7;

/// A model, and the weights that somebody has declared for it.
pub(super) type Kind = (Arc<str>, Option<Sha256>);

/// The challenges that have not ended, and what is needed for them.
#[derive(Default)]
pub(crate) struct Challenges(Mutex<Book>);

#[derive(Default)]
pub(super) struct Book {
    open: BTreeMap<Wallet, Option<UnderWay>>,
    /// Jobs that put a question.
    purposes: HashMap<JobId, Purpose>,
    /// Jobs of which something is to be heard, each with why its worker has given it back, if he has.
    heard: Vec<(JobId, Option<Fault>)>,
    references: HashMap<Arc<str>, Vec<Arc<Reference>>>,
    /// Kinds of which there are not enough references.
    pub(super) wanted: BTreeSet<Kind>,
    unfit: HashSet<(Arc<str>, Arc<str>)>,
    /// When somebody was last drawn, and when somebody is next.
    pub(super) drawn: Option<(Timestamp, Timestamp)>,
    /// How many questions were put in an hour, counted from 1970.
    asked: (i64, u32),
    /// Who asks.
    askers: Vec<Wallet>,
    /// Whether it has been said that the treasury does not hold enough.
    pub(super) is_unfunded: bool,
}

/// A challenge that has not ended.
#[derive(Clone, Debug)]
pub(super) struct UnderWay {
    pub(super) challenge: Challenge,
    /// When the next question is to be put, if none is.
    pub(super) next_at: Option<Timestamp>,
}

/// What a job is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A challenge of this wallet; the answer is compared with this.
    Probe(Wallet, Arc<Reference>),
    /// Another reference.
    Reference(Draft),
}

/// A reference that has no answer yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) worker: WorkerId,
    pub(super) kind: Kind,
    pub(super) question: Arc<str>,
}

impl Challenges {
    /// Held for microseconds and never across an await.
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// In whose name a question is put. As among clients, some ask once and some often; nobody asks for ever.
    pub(super) fn asker(&mut self, fresh: Wallet, random: u64) -> Wallet {
        let at = usize::try_from(random % (ASKERS as u64)).unwrap_or_default();
        if random.is_multiple_of(ONE_NEW_IN) || at >= self.askers.len() {
            if self.askers.len() < ASKERS {
                self.askers.push(fresh);
            } else {
                self.askers[at] = fresh;
            }
            return fresh;
        }
        self.askers[at]
    }

    /// Whether one more question may be put in this hour, of so many.
    pub(super) fn may_ask(&self, now: Timestamp, most: u32) -> bool {
        let (hour, count) = self.asked;
        hour != hour_of(now) || count < most
    }

    /// A question was put.
    pub(super) fn note_asked(&mut self, now: Timestamp) {
        let (hour, count) = self.asked;
        let before = if hour == hour_of(now) { count } else { 0 };
        self.asked = (hour_of(now), before + 1);
    }

    /// How many challenges have not ended.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Keeps others from challenging somebody; `false` if one of his has not ended.
    pub(super) fn reserve(&mut self, wallet: Wallet) -> bool {
        let is_free = !self.open.contains_key(&wallet);
        if is_free {
            self.open.insert(wallet, None);
        }
        is_free
    }

    /// The challenge did not come about.
    pub(super) fn release(&mut self, wallet: Wallet) {
        if self.open.get(&wallet).is_some_and(Option::is_none) {
            self.open.remove(&wallet);
        }
    }

    /// A question was put.
    pub(super) fn asked(&mut self, challenge: Challenge, job: JobId, reference: Arc<Reference>) {
        self.purposes.insert(job, Purpose::Probe(challenge.wallet, reference));
        self.open.insert(challenge.wallet, Some(UnderWay { challenge, next_at: None }));
    }

    /// A question for a reference was put.
    pub(super) fn drafted(&mut self, job: JobId, draft: Draft) {
        self.purposes.insert(job, Purpose::Reference(draft));
    }

    /// A challenge as it is on disk now: one that has ended is forgotten.
    pub(super) fn written(&mut self, challenge: &Challenge, next_at: Option<Timestamp>) {
        let awaited = challenge.awaited();
        for probe in challenge.probes.iter().filter(|probe| Some(probe.job) != awaited) {
            self.purposes.remove(&probe.job);
        }
        if challenge.ended_at.is_none() {
            self.open.insert(challenge.wallet, Some(UnderWay { challenge: challenge.clone(), next_at }));
        } else {
            awaited.iter().for_each(|job| drop(self.purposes.remove(job)));
            self.open.remove(&challenge.wallet);
        }
    }

    /// The challenge of somebody, as far as it has come.
    pub(super) fn challenge(&self, wallet: &Wallet) -> Option<Challenge> {
        Some(self.open.get(wallet)?.as_ref()?.challenge.clone())
    }

    /// Those whose time is over.
    pub(super) fn overdue(&self, now: Timestamp) -> Vec<Challenge> {
        let open = self.open.values().flatten().map(|under_way| &under_way.challenge);
        open.filter(|challenge| now >= challenge.by).cloned().collect()
    }

    /// Those whose next question is due; each is given once.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Challenge> {
        let open = self.open.values_mut().flatten();
        let due = open.filter(|under_way| under_way.next_at.is_some_and(|at| at <= now));
        due.map(|under_way| {
            under_way.next_at = None;
            under_way.challenge.clone()
        })
        .collect()
    }

    /// The next question is to be tried again.
    pub(super) fn ask_again(&mut self, wallet: &Wallet, at: Timestamp) {
        if let Some(Some(under_way)) = self.open.get_mut(wallet) {
            under_way.next_at = Some(at);
        }
    }

    /// Something has happened to a job that puts a question.
    pub(super) fn hear(&mut self, job: JobId, fault: Option<Fault>) {
        self.heard.push((job, fault));
    }

    /// All that was heard and not looked at.
    pub(super) fn take_heard(&mut self) -> Vec<(JobId, Option<Fault>)> {
        std::mem::take(&mut self.heard)
    }

    pub(super) fn purpose(&self, job: JobId) -> Option<Purpose> {
        self.purposes.get(&job).cloned()
    }

    /// A job puts no question any more.
    pub(super) fn forget(&mut self, job: JobId) {
        self.purposes.remove(&job);
    }

    /// The references that are being made.
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        self.purposes.values().filter_map(|purpose| match purpose {
            Purpose::Reference(draft) => Some(draft),
            Purpose::Probe(..) => None,
        })
    }

    /// Whether the references of a model have been read.
    pub(super) fn knows(&self, model: &str) -> bool {
        self.references.contains_key(model)
    }

    /// Keeps what was read of a model.
    pub(super) fn learn(&mut self, model: Arc<str>, references: Vec<Reference>) {
        if self.references.len() >= MODELS {
            self.references.clear();
        }
        let known = self.references.entry(model).or_default();
        for reference in references {
            if known.iter().all(|other| other.job != reference.job) {
                known.push(Arc::new(reference));
            }
        }
    }

    /// Adds a reference that has just been made, if those of its model are known.
    pub(super) fn add(&mut self, reference: Reference) {
        if let Some(known) = self.references.get_mut(&reference.model) {
            known.push(Arc::new(reference));
        }
    }

    /// The references that speak of a kind now.
    pub(super) fn good(&mut self, (model, weights): &Kind, now: Timestamp) -> Vec<Arc<Reference>> {
        let Some(known) = self.references.get_mut(model) else { return Vec::new() };
        known.retain(|reference| reference.is_good(now));
        known.iter().filter(|reference| reference.speaks_of(*weights)).cloned().collect()
    }

    /// More references of a kind are wanted.
    pub(super) fn want(&mut self, kind: Kind) {
        if self.wanted.len() < WANTED {
            self.wanted.insert(kind);
        }
    }

    /// The answer to a question is of no use.
    pub(super) fn mark_unfit(&mut self, model: Arc<str>, question: Arc<str>) {
        if self.unfit.len() < UNFIT {
            self.unfit.insert((model, question));
        }
    }

    pub(super) fn is_unfit(&self, model: &Arc<str>, question: &Arc<str>) -> bool {
        self.unfit.contains(&(model.clone(), question.clone()))
    }

    /// When there is something to do.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let again = (!self.heard.is_empty()).then_some(now + RETRY);
        let open = self.open.values().flatten();
        let open = open.flat_map(|under_way| [Some(under_way.challenge.by), under_way.next_at]);
        let all = open.chain([again, self.drawn.map(|(_, next)| next)]).flatten();
        // What is overdue already could not be done now.
        all.map(|at| if at <= now { now + RETRY } else { at }).min()
    }
}

const fn hour_of(now: Timestamp) -> i64 {
    now.0.div_euclid(3_600_000)
}
