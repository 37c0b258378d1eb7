//! Workers: honest, slow, forgetful, deceitful.

use super::dice::Dice;
use super::network::{Link, Say};
use super::streams::{Recital, Streams};
use docket_core::event::{Fault, Usage};
use docket_core::feature::Feature;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::job::State;
use docket_core::money::{Amount, Asset};
use docket_core::routing::{Skills, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Arrival, Assignment, HEARTBEAT, Hello, Profile, Proof, ToWorker};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a worker tends to do, mostly in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    name: &'static str,
    /// How long a job takes him, in milliseconds.
    pace: (i64, i64),
    wants_to_be_asked: bool,
    accepts: u64,
    hands_back: u64,
    lies: u64,
    answers_twice: u64,
    /// Each time he could do something, he is gone instead.
    vanishes: u64,
    /// Having gone, he has lost his work.
    forgets: u64,
    proves: bool,
    /// So often what it says of an answer does not fit to what it said before.
    garbles: u64,
}

const HONEST: Habits = Habits {
    name: "honest",
    pace: (50, 3_000),
    wants_to_be_asked: false,
    accepts: 100,
    hands_back: 0,
    lies: 0,
    answers_twice: 2,
    vanishes: 1,
    forgets: 10,
    proves: true,
    garbles: 0,
};

/// Every kind of worker.
const KINDS: [Habits; 12] = [
    HONEST,
    Habits { name: "slow", pace: (4_000, 30_000), ..HONEST },
    Habits { name: "accepting", wants_to_be_asked: true, accepts: 95, ..HONEST },
    Habits { name: "aloof", wants_to_be_asked: true, accepts: 10, ..HONEST },
    Habits { name: "vanishing", pace: (1_000, 8_000), vanishes: 12, forgets: 40, ..HONEST },
    Habits { name: "lying", lies: 60, ..HONEST },
    Habits { name: "doubling", answers_twice: 80, ..HONEST },
    Habits { name: "late", pace: (8_000, 90_000), ..HONEST },
    Habits { name: "rejecting", hands_back: 50, ..HONEST },
    Habits { name: "broken", pace: (10, 100), hands_back: 95, ..HONEST },
    Habits { name: "unproven", proves: false, ..HONEST },
    Habits { name: "garbling", garbles: 12, ..HONEST },
];

/// One worker, and what it has.
pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) habits: Habits,
    pub(crate) place: Place,
    profile: Profile,
    work: BTreeMap<Arc<str>, Work>,
    next_sign: Timestamp,
    drains: bool,
}

/// Where a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Somewhere, until then.
    Away(Timestamp),
    /// At the door.
    Knocking(Link),
    /// Connected.
    Inside(Link),
}

/// A job that the worker believes to have.
struct Work {
    accepted: bool,
    done_at: Timestamp,
    answered: Option<Timestamp>,
    answers: u32,
    /// Set where the client gets the answer as it is given.
    recital: Option<Recital>,
}

/// What a worker does of its own accord.
pub(crate) enum Deed {
    Knock(Box<Hello>),
    Say(Say),
    /// Closes the connection.
    Leave,
    /// Is gone without anybody being told.
    Freeze,
}

/// Receipts that tell the truth: job, worker, output and digest of the receipt.
pub(crate) type Genuine = std::collections::BTreeSet<(Arc<str>, WorkerId, Sha256, Sha256)>;

impl Worker {
    pub(crate) fn made(number: usize, dice: &mut Dice, now: Timestamp) -> Self {
        // The first two are plain, lest nothing ever gets done.
        let habits = if number < 2 { HONEST } else { *dice.pick(&KINDS) };
        let skills = match dice.below(4) {
            0 => Skills::INFER,
            1 => Skills::TASK,
            _ => Skills::INFER.with(Skills::TASK),
        };
        let mut models = Vec::new();
        for name in ["small", "large"] {
            if dice.percent(60) {
                let tools = dice.percent(50);
                models.push((name.into(), tools.then_some(Feature::Tools).into_iter().collect()));
            }
        }
        let floor = if dice.percent(15) { dice.between(1, 900_000) } else { 0 };
        let asset = *dice.pick(&[Asset::USDC, Asset::TEST_USDC]);
        let profile = Profile {
            class: *dice.pick(&[WorkerClass::Desktop, WorkerClass::Handheld]),
            skills,
            models,
            weights: BTreeMap::new(),
            gpu_tier: 0,
            deactivated: false,
            by_post: false,
            price_floor: Amount::new(u128::from(floor.unsigned_abs()), asset),
            concurrency: u16::try_from(dice.between(1, 3)).expect("it is small"),
            accepts: habits.wants_to_be_asked,
        };
        let mut key = [0; 32];
        key[0] = u8::try_from(number + 1).expect("there are few workers");
        key[1..9].copy_from_slice(&dice.number().to_le_bytes());
        let place = Place::Away(now + Millis(dice.between(0, 3_000)));
        Self {
            id: WorkerId(key),
            habits,
            place,
            profile,
            work: BTreeMap::new(),
            next_sign: now,
            drains: false,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {:?}", self.habits.name, self.id)
    }

    /// What it has work for, as it would say to a coordinator.
    fn resume(&self) -> Vec<Arc<str>> {
        self.work.keys().cloned().collect()
    }

    /// Its connection is gone, or it goes.
    pub(crate) fn is_away(&mut self, dice: &mut Dice, now: Timestamp) {
        let span = match dice.below(10) {
            0..5 => dice.between(100, 4_000),
            5..8 => dice.between(4_000, 9_000),
            _ => dice.between(15_000, 70_000),
        };
        self.place = Place::Away(now + Millis(span));
        self.drains = false;
        if dice.percent(self.habits.forgets) {
            self.work.clear();
        }
    }

    /// Something it does now.
    pub(crate) fn act(&mut self, dice: &mut Dice, now: Timestamp, genuine: &mut Genuine) -> Option<Deed> {
        match self.place {
            Place::Away(until) if until <= now => Some(Deed::Knock(Box::new(Hello {
                worker: self.id,
                proof: self.habits.proves,
                unproven_allowed: true,
                profile: self.profile.clone(),
                enrols: None,
                resume: self.resume(),
            }))),
            Place::Away(_) | Place::Knocking(_) => None,
            Place::Inside(_) if dice.percent(self.habits.vanishes) => {
                Some(if dice.percent(70) { Deed::Leave } else { Deed::Freeze })
            }
            Place::Inside(_) if self.drains && self.work.is_empty() => Some(Deed::Leave),
            Place::Inside(_) => self.speak(dice, now, genuine).map(Deed::Say),
        }
    }

    fn speak(&mut self, dice: &mut Dice, now: Timestamp, genuine: &mut Genuine) -> Option<Say> {
        if self.next_sign <= now {
            self.next_sign = now + HEARTBEAT;
            return Some(Say::Alive);
        }
        if self.habits.name == "honest" && dice.percent(1) {
            self.drains = true;
            return Some(Say::Drain);
        }
        let due: Vec<Arc<str>> =
            self.work.iter().filter(|(_, work)| work.is_due(now)).map(|(job, _)| job.clone()).collect();
        let job = (!due.is_empty()).then(|| dice.pick(&due).clone())?;
        if dice.percent(self.habits.hands_back) {
            self.work.remove(&job);
            let broken = [Fault::WorkerError; 3];
            let mixed = [Fault::Declined, Fault::WorkerError, Fault::HandedBack];
            let reason = *dice.pick(if self.habits.name == "broken" { &broken } else { &mixed });
            return Some(Say::HandBack(job, reason));
        }
        let work = self.work.get_mut(&job)?;
        if let Some(recital) = &mut work.recital {
            let said = if dice.percent(self.habits.garbles) {
                recital.garble(&job, dice)
            } else {
                recital.say(&job)
            };
            if let Some(said) = said {
                let pace = self.habits.pace.1 / 6;
                work.done_at = now + Millis(dice.between(1, pace.max(2)));
                return Some(Say::Piece(Box::new(said)));
            }
            if work.answers > 0 || dice.percent(self.habits.answers_twice) {
                recital.begin_again(); // All of it again, the next time.
            }
        }
        work.answers += 1;
        let twice = work.answers == 1 && dice.percent(self.habits.answers_twice);
        // It is sent again if nothing is heard of it.
        work.answered = Some(if twice { now } else { now + Millis::seconds(5) });
        let answers = work.answers;
        let streamed = work.recital.is_some();
        let arrival = Box::new(self.answer(&job, answers, dice, genuine));
        Some(Say::Complete { arrival, streamed })
    }

    /// An answer with its receipt, which may be a lie.
    fn answer(&self, job: &Arc<str>, answers: u32, dice: &mut Dice, genuine: &mut Genuine) -> Arrival {
        let recital = self.work.get(job).and_then(|work| work.recital.as_ref());
        let text = match recital {
            Some(recital) if dice.percent(self.habits.lies) => {
                format!("{{\"text\":\"{}!\"}}", recital.text())
            }
            Some(recital) => format!("{{\"text\":\"{}\"}}", recital.text()),
            None => format!("\"{job} by {:?}, answer {answers}\"", self.id),
        };
        let output: Arc<[u8]> = text.into_bytes().into();
        let digest = Sha256::of(&output);
        let document: Arc<[u8]> = format!("{{\"receipt\":\"{digest}\"}}").into_bytes().into();
        let mut proof = Proof {
            job: job.clone(),
            worker: self.id,
            output: digest,
            text: None,
            signed: true,
            digest: Sha256::of(&document),
            document,
        };
        if dice.percent(self.habits.lies) {
            match dice.below(4) {
                0 => proof.job = "another job".into(),
                1 => proof.worker = WorkerId([0xee; 32]),
                2 => proof.output = Sha256::of(b"another output"),
                _ => proof.signed = false,
            }
        } else {
            genuine.insert((job.clone(), self.id, digest, proof.digest));
        }
        let counted = recital.map_or_else(|| dice.below(1_000), Recital::tokens);
        let usage = Usage { input: 10, output: counted.min(output.len() as u64) };
        Arrival { job: job.clone(), output, usage, proof }
    }

    /// Hears from the coordinator; answers what it says to that.
    pub(crate) fn hear(
        &mut self,
        message: ToWorker,
        dice: &mut Dice,
        now: Timestamp,
        streams: &Streams,
    ) -> Option<Say> {
        match message {
            ToWorker::Assign(assignment) => self.take(&assignment, dice, now, streams),
            ToWorker::Cancel { job, .. } | ToWorker::Done { job, .. } => {
                self.work.remove(&job);
                None
            }
            ToWorker::Drain | ToWorker::Close => None,
        }
    }

    fn take(
        &mut self,
        assignment: &Assignment,
        dice: &mut Dice,
        now: Timestamp,
        streams: &Streams,
    ) -> Option<Say> {
        let name = &assignment.job.public_id.text;
        let done_at = now + Millis(dice.between(self.habits.pace.0, self.habits.pace.1));
        let accepted = !matches!(assignment.job.state, State::Assigned { .. });
        let work = self.work.entry(name.clone()).or_insert_with(|| {
            let streams = assignment.job.policy.stream_within.is_some();
            let recital = streams.then(|| Recital::made(assignment.attempt, dice));
            Work { accepted, done_at, answered: None, answers: 0, recital }
        });
        work.answered = None;
        if let Some(recital) = &mut work.recital {
            recital.attempt = assignment.attempt;
            recital.begin_again();
            streams.began(name, self.id, recital.script());
        }
        if !accepted && !work.accepted && dice.percent(self.habits.accepts) {
            work.accepted = true;
            return Some(Say::Accept(name.clone()));
        }
        work.accepted |= accepted;
        None
    }

    /// When it next does something about a job, or comes back.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        match self.place {
            Place::Away(until) => Some(until),
            Place::Knocking(_) => None,
            Place::Inside(_) => {
                let works = self.work.values().filter(|work| work.answers < MOST_ANSWERS && work.accepted);
                works.map(|work| work.answered.unwrap_or(work.done_at)).chain([self.next_sign]).min()
            }
        }
    }
}

/// So often work is sent without anything being heard of it.
const MOST_ANSWERS: u32 = 4;

impl Work {
    fn is_due(&self, now: Timestamp) -> bool {
        self.accepted
            && self.answers < MOST_ANSWERS
            && self.done_at <= now
            && self.answered.is_none_or(|again| again <= now)
    }
}
