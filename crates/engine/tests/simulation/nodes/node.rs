//! Nodes without a connection: honest, slow, idle, faithless, and some who come and go.

use super::super::dice::Dice;
use super::trials::Mind;
use docket_core::agent::identity::Wallet;
use docket_core::event::Fault;
use docket_core::id::{Attempt, WorkerId};
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Assignment, ToWorker};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a node tends to do, mostly in percent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nature {
    pub(super) name: &'static str,
    /// How long a job takes it, in milliseconds.
    pace: (i64, i64),
    /// How long it is between two signs of life, in milliseconds.
    beats: (i64, i64),
    /// It never answers.
    sleeps: u64,
    hands_back: u64,
    /// What it signs is something else than what it sends.
    forges: u64,
    /// It goes and comes back on its own word, or changes what it offers.
    pub(super) changes: u64,
    /// Whose answers it gives.
    mind: Mind,
    /// Whose it gives from some moment on.
    mind_later: Mind,
    /// It is away for a while, each time it could give a sign of life.
    vanishes: u64,
}

const HONEST: Nature = Nature {
    name: "honest",
    pace: (300, 20_000),
    beats: (45_000, 60_000),
    sleeps: 0,
    hands_back: 4,
    forges: 0,
    changes: 2,
    mind: Mind::Own,
    mind_later: Mind::Own,
    vanishes: 1,
};

/// Every kind of node.
const NATURES: [Nature; 12] = [
    HONEST,
    Nature { name: "slow", pace: (30_000, 280_000), ..HONEST },
    Nature { name: "sleeping", sleeps: 60, ..HONEST },
    Nature { name: "irregular", beats: (20_000, 230_000), ..HONEST },
    Nature { name: "restless", changes: 60, ..HONEST },
    Nature { name: "roaming", vanishes: 30, ..HONEST },
    Nature { name: "full", hands_back: 60, ..HONEST },
    Nature { name: "forging", forges: 50, ..HONEST },
    Nature { name: "drifting", mind: Mind::Hardware, mind_later: Mind::Hardware, ..HONEST },
    Nature { name: "cheating", mind: Mind::Other, mind_later: Mind::Other, ..HONEST },
    Nature { name: "wavering", mind: Mind::Either, mind_later: Mind::Either, ..HONEST },
    Nature { name: "changing", mind_later: Mind::Other, changes: 30, ..HONEST },
];

/// One node, and what it has.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) wallet: Wallet,
    pub(super) worker: WorkerId,
    pub(super) nature: Nature,
    /// What it offers, or wants to.
    pub(super) offer: docket_core::enrolment::Offer,
    /// Whether it wants to be enrolled.
    pub(super) wants_in: bool,
    pub(super) next_beat: Timestamp,
    /// Whose answers it has given up to now; now those of the last.
    pub(super) minds: Vec<Mind>,
    work: BTreeMap<Arc<str>, Work>,
}

/// A job that was posted to a node.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) assignment: Assignment,
    /// When it is done; `None` if it never is.
    done_at: Option<Timestamp>,
}

/// What a node does of its own accord.
pub(super) enum Deed {
    Beat,
    /// Answers with the bytes and whether the receipt is right.
    Answer {
        work: Work,
        forged: bool,
    },
    HandBack(Arc<str>, Fault),
}

/// Everybody.
pub(super) fn gather(dice: &mut Dice, now: Timestamp) -> Vec<Node> {
    let count = 4 + dice.index(4);
    (0..count).map(|number| Node::made(number, dice, now)).collect()
}

impl Node {
    fn made(number: usize, dice: &mut Dice, now: Timestamp) -> Self {
        // The first two are plain, lest nothing ever gets done.
        let nature = if number < 2 { HONEST } else { *dice.pick(&NATURES) };
        let wallet = super::wallet(number, dice);
        let tier = if number == 0 { 3 } else { dice.between(1, 3) };
        let next_beat = now + Millis(dice.between(1, 5_000));
        let mut offer = super::offers::offer(u8::try_from(tier).expect("it is small"), dice);
        if number == 0 {
            // The others are compared with it.
            (offer.models, offer.concurrency) = (Vec::new(), 4);
        }
        let worker = WorkerId::of_wallet(&wallet);
        Self {
            wallet,
            worker,
            nature,
            offer,
            wants_in: true,
            next_beat,
            minds: vec![nature.mind],
            work: BTreeMap::new(),
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{} node {}", self.nature.name, self.wallet.0[0])
    }

    /// Whose answers it gives now.
    pub(super) fn mind(&self) -> Mind {
        self.minds.last().copied().unwrap_or(self.nature.mind)
    }

    /// It runs what it runs later.
    pub(super) fn changes(&mut self) {
        self.minds.push(self.nature.mind_later);
        self.minds.dedup();
    }

    /// It is honest from now on.
    pub(super) fn repents(&mut self) {
        self.nature = HONEST;
        self.changes();
    }

    /// Something it does now.
    pub(super) fn act(&mut self, dice: &mut Dice, now: Timestamp) -> Option<Deed> {
        if self.next_beat <= now {
            let span = dice.between(self.nature.beats.0, self.nature.beats.1);
            let away = if dice.percent(self.nature.vanishes) { dice.between(100_000, 900_000) } else { 0 };
            self.next_beat = now + Millis(span + away);
            return Some(Deed::Beat);
        }
        let due = |work: &&Work| work.done_at.is_some_and(|at| at <= now);
        let name = self.work.values().find(due)?.assignment.job.public_id.text.clone();
        if dice.percent(self.nature.hands_back) {
            self.work.get_mut(&name)?.done_at = None;
            let reasons = [Fault::Declined, Fault::WorkerError, Fault::WorkerLost];
            return Some(Deed::HandBack(name, *dice.pick(&reasons)));
        }
        let forged = dice.percent(self.nature.forges);
        let twice = dice.percent(3);
        let work = self.work.get_mut(&name)?;
        let answer = Deed::Answer { work: work.clone(), forged };
        work.done_at = twice.then(|| now + Millis(dice.between(1, 500)));
        Some(answer)
    }

    /// Hears from the coordinator.
    pub(super) fn hear(&mut self, message: ToWorker, dice: &mut Dice, now: Timestamp) {
        match message {
            ToWorker::Assign(assignment) => {
                let sleeps = dice.percent(self.nature.sleeps);
                let span = dice.between(self.nature.pace.0, self.nature.pace.1);
                let done_at = (!sleeps).then(|| now + Millis(span));
                self.work.insert(assignment.job.public_id.text.clone(), Work { assignment, done_at });
            }
            ToWorker::Cancel { job, attempt, .. } | ToWorker::Done { job, attempt, .. } => {
                let is_it = |work: &Work| work.assignment.attempt == attempt;
                if self.work.get(&job).is_some_and(is_it) {
                    self.work.remove(&job);
                }
            }
            ToWorker::Drain | ToWorker::Close => {}
        }
    }

    /// The coordinator that awaited its answers is no more.
    pub(super) fn is_cut_off(&mut self) {
        self.work.clear();
    }

    /// The jobs that it was given and not told to forget, each with its attempt.
    pub(super) fn given(&self) -> impl Iterator<Item = (&Arc<str>, Attempt)> {
        self.work.iter().map(|(name, work)| (name, work.assignment.attempt))
    }

    /// When it next does something.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let done = self.work.values().filter_map(|work| work.done_at);
        done.chain([self.next_beat]).min()
    }
}
