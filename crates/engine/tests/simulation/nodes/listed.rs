//! One who is enrolled, or may be, and what may hold of him.

use super::super::Found;
use super::node::Node;
use super::offers::{LOST_AFTER, includes};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::event::Fault;
use docket_core::id::WorkerId;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_engine::{Connection, EngineError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long nobody comes back who was refuted.
pub(super) const BARRED: Millis = Millis::hours(1);
/// A visit that was shorter leaves no trace.
const SHORTEST_VISIT: Millis = Millis::seconds(60);
/// Who is silent for too long has gone so much earlier than it is noticed.
const GRACE: Millis = Millis::seconds(5);
/// How long the failures of one who is away are remembered.
const REMEMBERED: Millis = Millis::seconds(600);

/// One who is enrolled, or may be.
pub(super) struct Listed {
    pub(super) wallet: Wallet,
    pub(super) worker: WorkerId,
    /// What holds of him: more than one as long as nobody knows what has come of a word. `None` is not enrolled.
    pub(super) standings: Vec<Option<Standing>>,
    /// What held before the word that is under way.
    pub(super) before: Vec<Option<Standing>>,
    /// His last word: earlier ones that change nothing may still be under way.
    pub(super) word: Option<Word>,
    /// What he wants by it, until it is known what has come of it.
    pub(super) wish: Option<Wish>,
    /// So many verdicts over him are known.
    pub(super) judged: usize,
    /// Whether he passed a trial.
    pub(super) has_come_back: bool,
    /// When he was last refuted.
    pub(super) refuted_at: Option<Timestamp>,
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
    pub(super) failures: u32,
    pub(super) rests_until: Option<Timestamp>,
    /// The same before this instant.
    pub(super) rested_until: Option<Timestamp>,
    /// Whether he may have been given something in this instant that was taken from him in the same.
    pub(super) in_passing: bool,
    /// How often he was given something.
    pub(super) turns: u64,
    /// By which number he was matched before this instant, and by which he is now.
    pub(super) numbers: [u16; 2],
    pub(super) connection: Option<Connection>,
    pub(super) since: Timestamp,
    pub(super) last_heard: Timestamp,
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

/// Since when he is refuted is not told apart.
const REFUTED: Activity = Activity::Refuted { at: Timestamp(0) };

impl From<&Enrolment> for Standing {
    fn from(enrolment: &Enrolment) -> Self {
        let Enrolment { offer, state, said_at, .. } = enrolment;
        let state = if let Activity::Refuted { .. } = state { REFUTED } else { *state };
        Self { offer: offer.clone(), state, said_at: *said_at }
    }
}

impl Standing {
    /// What a verdict makes of it.
    fn judged(&self, passed: bool) -> Self {
        let state = match self.state {
            _ if !passed => REFUTED,
            Activity::OnTrial { passed: 2.. } => Activity::Active,
            Activity::OnTrial { passed } => Activity::OnTrial { passed: passed + 1 },
            state => state,
        };
        Self { state, ..self.clone() }
    }
}

/// What a node wants by a word.
#[derive(Clone)]
pub(super) enum Wish {
    Enrol(Offer),
    Leave,
}

impl Listed {
    /// Nobody knows anything of him yet.
    pub(super) fn of(node: &Node) -> Self {
        Self {
            wallet: node.wallet,
            worker: node.worker,
            standings: vec![None],
            before: vec![None],
            word: None,
            wish: None,
            judged: 0,
            has_come_back: false,
            refuted_at: None,
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
        }
    }

    /// A word of his is sent.
    pub(super) fn says(&mut self, wish: &Wish, word: Word) {
        self.before = self.standings.clone();
        (self.word, self.wish) = (Some(word), Some(wish.clone()));
        self.standings = self.with_word(self.standings.clone());
    }

    /// What may hold of him, if this may, and his word is under way.
    fn with_word(&self, mut standings: Vec<Option<Standing>>) -> Vec<Option<Standing>> {
        let (Some(word), Some(wish)) = (self.word, &self.wish) else { return standings };
        for before in standings.clone() {
            for after in wish.outcomes(before.as_ref(), word) {
                if !standings.contains(&after) {
                    standings.push(after);
                }
            }
        }
        standings
    }

    /// What may hold of him after some verdicts of which the coordinator may know.
    fn with_verdicts(&self, verdicts: &[(Timestamp, bool)]) -> Vec<Option<Standing>> {
        let mut all = self.with_word(self.standings.clone());
        for (_, passed) in verdicts {
            let judged = all.iter().map(|known| known.as_ref().map(|known| known.judged(*passed)));
            let judged: Vec<_> = judged.filter(|judged| !all.contains(judged)).collect();
            all = self.with_word(all.into_iter().chain(judged).collect());
        }
        all
    }

    /// Verdicts are known from now on, and so is what stands on disk after them.
    pub(super) fn is_judged(&mut self, verdicts: &[(Timestamp, bool)], kept: Option<Standing>) -> Found {
        let can = self.with_verdicts(verdicts);
        let is_refuted = verdicts.last().is_some_and(|(_, passed)| !passed);
        let is_kept = kept.as_ref().is_some_and(|kept| kept.state != REFUTED);
        if !can.contains(&kept) || (is_refuted && is_kept) {
            return Err(format!("{} is judged to be {kept:?}, and can be {can:?}", self.wallet));
        }
        let was_tried = |known: &Option<Standing>| {
            matches!(known, Some(Standing { state: Activity::OnTrial { .. }, .. }))
        };
        let is_active = matches!(kept, Some(Standing { state: Activity::Active, .. }));
        self.has_come_back |= is_active && self.standings.iter().all(was_tried);
        let failed = verdicts.iter().rev().find(|(_, passed)| !passed);
        self.refuted_at = failed.map(|(at, _)| *at).or(self.refuted_at);
        self.judged += verdicts.len();
        let all = |known: &[Option<Standing>]| -> Vec<Option<Standing>> {
            let judge = |known: &Option<Standing>| {
                let judge = |known: &Standing| {
                    verdicts.iter().fold(known.clone(), |known, (_, passed)| known.judged(*passed))
                };
                known.as_ref().map(judge)
            };
            known.iter().map(judge).chain([kept.clone()]).collect()
        };
        if self.wish.is_some() {
            (self.before, self.standings) = (all(&self.before), all(&self.standings));
            self.standings = self.with_word(self.standings.clone());
        } else {
            self.standings = vec![kept];
        }
        Ok(())
    }

    /// This holds of him, and nothing is under way.
    pub(super) fn is_certain(&mut self, standing: Option<Standing>, now: Timestamp) -> Found {
        let state = standing.as_ref().map(|standing| standing.state);
        self.standings = vec![standing];
        self.wish = None;
        match self.refuted_at {
            Some(at) if now.since(at) < BARRED && state != Some(REFUTED) => {
                Err(format!("{} was refuted at {at:?}, and is {state:?} at {now:?}", self.wallet))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_answered(
        &mut self,
        word: Word,
        result: &Result<docket_engine::Node, EngineError>,
        verdicts: &[(Timestamp, bool)],
        now: Timestamp,
    ) -> Found {
        let is_last = self.word == Some(word);
        match result {
            Ok(node) => {
                let told = Some(Standing::from(&*node.enrolment));
                let can = self.with_verdicts(verdicts);
                if !can.contains(&told) {
                    return Err(format!(
                        "{} was told that it is {told:?}, and it can be {can:?}",
                        self.wallet
                    ));
                }
                if is_last {
                    self.is_certain(told, now)?;
                }
            }
            Err(EngineError::Refused(Refusal::Overtaken | Refusal::Refuted | Refusal::NotEnrolled)) => {
                if is_last {
                    self.standings.clone_from(&self.before);
                    self.wish = None;
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

    pub(super) fn note_connection(&mut self, connection: Option<Connection>, now: Timestamp) {
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
    pub(super) fn has_ended(&mut self, fault: Option<&str>, now: Timestamp) {
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

    /// Whether he is refuted, and nothing is under way that would change it.
    pub(super) fn is_refuted(&self) -> bool {
        matches!(&self.standings[..], [Some(Standing { state: REFUTED, .. })])
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
    fn outcomes(&self, before: Option<&Standing>, word: Word) -> Vec<Option<Standing>> {
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
                Activity::OnTrial { .. } => vec![said(known.offer.clone(), REFUTED)],
                Activity::Left | Activity::Refuted { .. } => Vec::new(),
            },
        }
    }
}
