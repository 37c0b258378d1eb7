//! Who may have a job of a class, as somebody knows it who hears what nodes say and what they are told: the simulation's own
//! list, looked at after everything that the coordinator does.

use super::super::Found;
use super::node;
use super::offers::{LOST_AFTER, includes};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{Attempt, WorkerId};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Connection, Engine, EngineError, Node, ToWorker};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// How long nobody comes back who was refuted.
pub(super) const BARRED: Millis = Millis::hours(1);
/// A visit that was shorter leaves no trace.
const SHORTEST_VISIT: Millis = Millis::seconds(60);
/// Who is silent for too long has gone so much earlier than it is noticed.
const GRACE: Millis = Millis::seconds(5);
/// How long the failures of one who is away are remembered.
const REMEMBERED: Millis = Millis::seconds(600);

/// The list.
#[derive(Default)]
pub(super) struct Roll {
    pub(super) listed: Vec<Listed>,
    posts: Option<UnboundedReceiver<Box<ToWorker>>>,
    /// What nodes were told and have not read.
    pub(super) mail: Vec<(WorkerId, ToWorker)>,
    assigned: BTreeMap<(Arc<str>, Attempt), WorkerId>,
    /// Who had a job and does not any more; whoever had it before a crash may be unknown as such.
    pub(super) had: BTreeSet<(Arc<str>, WorkerId)>,
    pub(super) had_perhaps: BTreeSet<(Arc<str>, WorkerId)>,
    /// Who was given a job last, if it is still his or ended with him.
    pub(super) givens: BTreeMap<Arc<str>, WorkerId>,
    /// Jobs that somebody has or had.
    pub(super) placed: BTreeSet<Arc<str>>,
    /// Whom the clients of some orders were promised.
    pub(super) promised: BTreeMap<usize, WorkerId>,
}

/// One who is enrolled, or may be.
pub(super) struct Listed {
    pub(super) wallet: Wallet,
    pub(super) worker: WorkerId,
    /// What holds of him: more than one as long as nobody knows what has come of a word. `None` is not enrolled.
    pub(super) standings: Vec<Option<Standing>>,
    /// What held before the word that is under way.
    before: Vec<Option<Standing>>,
    /// His last word: earlier ones that change nothing may still be under way.
    word: Option<Sha256>,
    /// His last sign of life, if he is online.
    pub(super) heard: Option<Timestamp>,
    /// Whether that is uncertain.
    pub(super) unsure: bool,
    /// What he served when he gave it.
    pub(super) hosts: Vec<Offer>,
    pub(super) holds: BTreeSet<Arc<str>>,
    /// How many jobs came into his hands and left them in this instant.
    pub(super) taken: usize,
    pub(super) released: usize,
    failures: u32,
    pub(super) rests_until: Option<Timestamp>,
    /// The same before this instant.
    pub(super) rested_until: Option<Timestamp>,
    /// Whether he may have been given something in this instant that was taken from him in the same.
    pub(super) in_passing: bool,
    /// How often he was given something.
    turns: u64,
    /// By which number he was matched before this instant, and by which he is now.
    pub(super) numbers: [u16; 2],
    connection: Option<Connection>,
    since: Timestamp,
    last_heard: Timestamp,
    /// When he was online, for long enough.
    pub(super) visits: Vec<(Timestamp, Timestamp)>,
}

/// What lasts of an enrolment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    pub(super) offer: Offer,
    pub(super) state: Activity,
    said_at: Timestamp,
}

impl From<&Enrolment> for Standing {
    fn from(enrolment: &Enrolment) -> Self {
        let Enrolment { offer, state, said_at, .. } = enrolment;
        Self { offer: offer.clone(), state: *state, said_at: *said_at }
    }
}

/// What a node wants by a word.
#[derive(Clone)]
pub(super) enum Wish {
    Enrol(Offer),
    Leave,
}

impl Roll {
    pub(super) fn of(nodes: &[node::Node]) -> Self {
        let listed = nodes.iter().map(|node| Listed {
            wallet: node.wallet,
            worker: node.worker,
            standings: vec![None],
            before: vec![None],
            word: None,
            heard: None,
            unsure: false,
            hosts: Vec::new(),
            holds: BTreeSet::new(),
            taken: 0,
            released: 0,
            failures: 0,
            rests_until: None,
            rested_until: None,
            in_passing: false,
            turns: 0,
            numbers: [0; 2],
            connection: None,
            since: Timestamp(0),
            last_heard: Timestamp(0),
            visits: Vec::new(),
        });
        Self { listed: listed.collect(), ..Self::default() }
    }

    /// Reads what this coordinator posts from now on.
    pub(super) fn attach(&mut self, posts: UnboundedReceiver<Box<ToWorker>>) {
        self.posts = Some(posts);
    }

    pub(super) fn of_worker(&mut self, worker: &WorkerId) -> Option<&mut Listed> {
        self.listed.iter_mut().find(|listed| listed.worker == *worker)
    }

    /// Looks at what has changed by one step of one task.
    pub(super) fn look(&mut self, engine: &Engine, task: &str) -> Found {
        let now = engine.clock().now();
        for listed in &mut self.listed {
            (listed.taken, listed.released, listed.in_passing) = (0, 0, false);
            listed.rested_until = listed.rests_until;
            listed.numbers[0] = listed.numbers[1];
        }
        self.read_posts(now);
        let mut taken = Vec::new();
        for (at, listed) in self.listed.iter_mut().enumerate() {
            listed.note_connection(engine.connection_of(&listed.worker), now);
            let Some(view) = engine.worker_view(&listed.worker).filter(|view| view.connected) else {
                continue;
            };
            listed.numbers[1] = view.candidate.tested.0;
            let jobs: BTreeSet<_> = view.jobs.into_iter().collect();
            listed.released += listed.holds.difference(&jobs).count();
            taken.extend(jobs.difference(&listed.holds).map(|name| (at, name.clone())));
            listed.taken = jobs.difference(&listed.holds).count();
            listed.holds = jobs;
            // Whoever was away for long is counted anew.
            let turns = std::mem::replace(&mut listed.turns, view.turns);
            listed.in_passing =
                view.turns.checked_sub(turns).is_none_or(|given| given != listed.taken as u64);
        }
        for (at, name) in taken {
            self.check_choice(engine, task, at, &name, now)?;
            self.placed.insert(name);
        }
        Ok(())
    }

    fn read_posts(&mut self, now: Timestamp) {
        while let Some(message) = self.posts.as_mut().and_then(|posts| posts.try_recv().ok()) {
            let (worker, fault) = match &*message {
                ToWorker::Assign(assignment) => {
                    let Some((worker, attempt)) = assignment.job.holder() else { continue };
                    let name = assignment.job.public_id.text.clone();
                    self.givens.insert(name.clone(), worker);
                    self.assigned.insert((name, attempt), worker);
                    self.mail.push((worker, *message));
                    continue;
                }
                ToWorker::Cancel { job, attempt, reason } => {
                    (self.assigned.get(&(job.clone(), *attempt)), Some(*reason))
                }
                ToWorker::Done { job, attempt, .. } => (self.assigned.get(&(job.clone(), *attempt)), None),
                ToWorker::Drain | ToWorker::Close => continue,
            };
            let (Some(worker), ToWorker::Cancel { job, .. } | ToWorker::Done { job, .. }) =
                (worker.copied(), &*message)
            else {
                continue;
            };
            self.had.insert((job.clone(), worker));
            if let Some(listed) = self.of_worker(&worker) {
                listed.released += usize::from(listed.holds.remove(job));
                listed.has_ended(fault, now);
            }
            self.mail.push((worker, *message));
        }
    }

    /// The coordinator is gone: nobody is online, and who had what it knew alone.
    pub(super) fn forget(&mut self, ended: impl Fn(&str) -> bool) {
        self.posts = None;
        self.mail.clear();
        self.assigned.clear();
        self.givens.retain(|name, _| ended(name));
        self.had_perhaps.append(&mut self.had);
        for listed in &mut self.listed {
            listed.heard = None;
            listed.unsure = false;
            // What he has may be taken from him without a word before he comes back.
            let holds = std::mem::take(&mut listed.holds);
            self.had_perhaps.extend(holds.into_iter().map(|name| (name, listed.worker)));
            listed.failures = 0;
            listed.rests_until = None;
            listed.connection = None;
        }
    }
}

impl Listed {
    /// A word of his is sent.
    pub(super) fn says(&mut self, wish: &Wish, word: Word, now: Timestamp) {
        self.before = self.standings.clone();
        self.word = Some(word.digest);
        for before in self.before.clone() {
            for after in wish.outcomes(before.as_ref(), word, now) {
                if !self.standings.contains(&after) {
                    self.standings.push(after);
                }
            }
        }
    }

    /// What has come of a word.
    pub(super) fn is_answered(&mut self, word: Word, result: &Result<Node, EngineError>) -> Found {
        let is_last = self.word == Some(word.digest);
        match result {
            Ok(node) => {
                let told = Some(Standing::from(&*node.enrolment));
                if !self.standings.contains(&told) {
                    return Err(format!(
                        "{} was told that it is {told:?}, and it can be {:?}",
                        self.wallet, self.standings
                    ));
                }
                if is_last {
                    self.standings = vec![told];
                }
            }
            Err(EngineError::Refused(Refusal::Overtaken | Refusal::Refuted | Refusal::NotEnrolled)) => {
                if is_last {
                    self.standings.clone_from(&self.before);
                }
            }
            Err(EngineError::Refused(refusal)) => {
                return Err(format!("{} was refused: {refusal}", self.wallet));
            }
            // What has come of it will be seen.
            Err(EngineError::Busy | EngineError::Store(_)) => {}
        }
        Ok(())
    }

    /// A sign of life was taken up.
    pub(super) fn is_heard(&mut self, now: Timestamp) {
        let left = |standing: &Option<Standing>| {
            standing.as_ref().is_some_and(|standing| standing.state == Activity::Left)
        };
        if self.standings.iter().all(left) {
            return; // Nobody expects one of him.
        }
        if self.standings.iter().any(left) {
            self.unsure = true;
        }
        if self.heard.is_none() && now.since(self.last_heard) >= REMEMBERED {
            (self.failures, self.rests_until) = (0, None);
        }
        self.heard = Some(now);
        self.last_heard = now;
        self.hosts = self.standings.iter().flatten().map(|standing| standing.offer.clone()).collect();
    }

    /// Nobody could reach him.
    pub(super) fn is_lost(&mut self, now: Timestamp) {
        self.note_end(now);
        (self.heard, self.unsure) = (None, false);
    }

    fn note_connection(&mut self, connection: Option<Connection>, now: Timestamp) {
        if connection == self.connection {
            return;
        }
        if self.connection.is_some() {
            // Who comes once more while he is online goes in that instant.
            let end = if connection.is_some() { now } else { Timestamp(now.0 - GRACE.0) };
            self.note_end(end);
        }
        if connection.is_some() {
            self.since = now;
        } else if self.heard.is_some_and(|heard| now.since(heard) > LOST_AFTER) {
            self.heard = None;
        }
        self.connection = connection;
    }

    fn note_end(&mut self, end: Timestamp) {
        if self.connection.take().is_some() && end.since(self.since) >= SHORTEST_VISIT {
            self.visits.push((self.since, end));
        }
    }

    /// A job has left his hands; `fault` is why, if it was not done.
    fn has_ended(&mut self, fault: Option<&str>, now: Timestamp) {
        let Some(fault) = fault else {
            (self.failures, self.rests_until) = (0, None);
            return;
        };
        if is_blamed(fault) {
            self.failures += 1;
            // 5 s after the third in a row, and twice as long after each further one, 5 minutes at most.
            let seconds = self.failures.checked_sub(3).map(|more| (5_i64 << more.min(6)).min(300));
            self.rests_until = seconds.map(|seconds| now + Millis::seconds(seconds));
        }
    }

    /// Whether he serves a model for sure, and whether he might.
    pub(super) fn serves(&self, model: &str) -> (bool, bool) {
        let known = self.standings.iter().flatten().map(|standing| &standing.offer);
        let mut all = known.chain(&self.hosts).map(|offer| includes(offer, model));
        let any = all.clone().any(|includes| includes);
        (all.all(|includes| includes), any)
    }

    /// Whether he is not enrolled, and nothing is under way that would change it.
    pub(super) fn is_to_enrol(&self) -> bool {
        self.standings == [None]
    }
}

/// Whether a reason costs a worker something: what is his own choice does not, nor what the client wants.
pub(super) fn is_blamed(code: &str) -> bool {
    [Fault::WorkerLost, Fault::WorkerError, Fault::BadReceipt, Fault::TimedOut, Fault::NotAccepted]
        .iter()
        .any(|fault| fault.code() == code)
}

impl Wish {
    /// What may come of it.
    fn outcomes(&self, before: Option<&Standing>, word: Word, now: Timestamp) -> Vec<Option<Standing>> {
        let said = |offer: Offer, state| Some(Standing { offer, state, said_at: word.at });
        match (self, before) {
            (Self::Enrol(offer), None) => vec![said(offer.clone(), Activity::Active)],
            (Self::Leave, None) => Vec::new(),
            (_, Some(known)) if word.at <= known.said_at => Vec::new(),
            (Self::Enrol(offer), Some(known)) => {
                let states = match known.state {
                    Activity::Left => vec![Activity::Active],
                    // The hour may end while it is under way.
                    Activity::Refuted { .. } => vec![known.state, Activity::OnTrial { passed: 0 }],
                    state => vec![state],
                };
                let is_old = |state: &Activity| *state == known.state && *offer == known.offer;
                let new = states.into_iter().filter(|state| !is_old(state));
                new.map(|state| said(offer.clone(), state)).collect()
            }
            (Self::Leave, Some(known)) => match known.state {
                Activity::Active => vec![said(known.offer.clone(), Activity::Left)],
                Activity::OnTrial { .. } => {
                    vec![said(known.offer.clone(), Activity::Refuted { at: Timestamp(now.0 - BARRED.0) })]
                }
                Activity::Left | Activity::Refuted { .. } => Vec::new(),
            },
        }
    }
}
