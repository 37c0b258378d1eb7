//! Whether a job of a class went to whom it belongs: somebody who may have it, and the best of those.

use super::super::Found;
use super::listed::{Listed, Standing};
use super::offers::LOST_AFTER;
use super::roll::Roll;
use docket_core::enrolment::Activity;
use docket_core::id::WorkerId;
use docket_core::job::{Ask, State};
use docket_core::policy::Policy;
use docket_core::time::Timestamp;
use docket_engine::Engine;
use std::cmp::Reverse;
use std::sync::Arc;

/// What is asked of a node.
struct Wanted<'a> {
    name: Option<&'a Arc<str>>,
    model: &'a str,
    least: u8,
}

/// Where a node stands among others, the least first: its reputation, its jobs, its last sign of life, its key.
type Rank = (Reverse<u16>, usize, Timestamp, WorkerId);

impl<'a> Wanted<'a> {
    fn of(ask: &'a Ask, policy: &Policy, name: Option<&'a Arc<str>>) -> Option<Self> {
        let least = policy.tier?.least;
        Some(Self { name, model: ask.model.as_deref()?, least })
    }
}

impl Roll {
    /// A node has just been chosen for a job.
    pub(super) fn check_choice(
        &self,
        engine: &Engine,
        task: &str,
        at: usize,
        name: &Arc<str>,
        now: Timestamp,
    ) -> Found {
        let who = &self.listed[at];
        let job = engine.store().open_jobs().into_iter().find(|job| job.public_id.text == *name);
        let Some(job) = job.filter(|job| !job.is_challenge()) else {
            // A test, whose place is taken before it is on disk.
            return self.check_test(who, name, now);
        };
        let wanted = Wanted::of(&job.ask, &job.policy, Some(name));
        let wanted = wanted.ok_or_else(|| format!("{} has {name}, which asks for no class", who.wallet))?;
        if let Some(objection) = self.objection(who, &wanted, now) {
            return Err(format!("{} was chosen for {name} of {wanted}, and {objection}", who.wallet));
        }
        let order = task.strip_prefix("order ").and_then(|number| number.parse::<usize>().ok());
        let promised = order.and_then(|order| self.promised.get(&order));
        let is_first = !self.placed.contains(name);
        if promised == Some(&who.worker) {
            return Ok(());
        }
        if let Some(other) = promised.and_then(|worker| self.listed.iter().find(|one| one.worker == *worker))
            && self.is_fit(other, &wanted, now)
        {
            return Err(format!("{} has {name}, which was promised to {}", who.wallet, other.wallet));
        }
        // The request of a client who hung up is carried on elsewhere.
        let adopted = order.is_none() && is_first && self.promised.values().any(|one| *one == who.worker);
        if adopted {
            return Ok(());
        }
        self.check_best(at, &wanted, now).map_err(|wrong| format!("{wrong} ({name}, in {task})"))
    }

    /// A place was taken for a test, which goes to one who was drawn. Not even those are tested who are refuted.
    fn check_test(&self, who: &Listed, name: &Arc<str>, now: Timestamp) -> Found {
        let may_be = |standing: &Standing| standing.state.is_tested();
        let may_be = who.standings.iter().flatten().any(may_be);
        let is_there = who.unsure || who.heard.is_some_and(|heard| now.since(heard) <= LOST_AFTER);
        if may_be && is_there && !self.had.contains(&(name.clone(), who.worker)) {
            return Ok(());
        }
        let (heard, standings) = (who.heard, &who.standings);
        Err(format!("{} has {name}, was heard {heard:?}, and is {standings:?}", who.wallet))
    }

    /// Somebody was told who would have a job of these terms, or that nobody would.
    pub(super) fn check_advice(
        &self,
        engine: &Engine,
        ask: &Ask,
        policy: &Policy,
        worker: Option<WorkerId>,
    ) -> Found {
        let now = engine.clock().now();
        let wanted = Wanted::of(ask, policy, None).ok_or("advice is for jobs of a class")?;
        match worker.and_then(|worker| self.listed.iter().position(|listed| listed.worker == worker)) {
            Some(at) => match self.objection(&self.listed[at], &wanted, now) {
                Some(why) => Err(format!("{} was advised for {wanted}, and {why}", self.listed[at].wallet)),
                None => self.check_best(at, &wanted, now),
            },
            None => match self.listed.iter().find(|listed| self.is_fit(listed, &wanted, now)) {
                Some(fit) => Err(format!("nobody was advised for {wanted}, and there is {}", fit.wallet)),
                None => Ok(()),
            },
        }
    }

    /// In a moment of quiet no job waits that somebody could have.
    pub(super) fn check_waiting(&self, engine: &Engine) -> Found {
        let now = engine.clock().now();
        for job in engine.store().open_jobs() {
            let Some(wanted) = Wanted::of(&job.ask, &job.policy, Some(&job.public_id.text)) else { continue };
            let fit = self.listed.iter().find(|listed| self.is_fit(listed, &wanted, now));
            if let (State::Funded { .. }, Some(fit), false) = (&job.state, fit, job.is_challenge()) {
                return Err(format!("{} waits, and {} could have it", job.public_id.text, fit.wallet));
            }
        }
        Ok(())
    }

    fn check_best(&self, at: usize, wanted: &Wanted<'_>, now: Timestamp) -> Found {
        let who = &self.listed[at];
        let best = rank(who, who.holds.len().saturating_sub(who.taken), true);
        let others = self.listed.iter().enumerate().filter(|(other, _)| *other != at);
        for (_, other) in others.filter(|(_, other)| self.is_fit(other, wanted, now)) {
            let rank = rank(other, other.holds.len() + other.released, false);
            if rank < best {
                return Err(format!(
                    "{} stands at {best:?} and was preferred to {} at {rank:?} for {wanted}",
                    who.wallet, other.wallet
                ));
            }
        }
        Ok(())
    }

    /// Why somebody may not have a job for sure.
    fn objection(&self, who: &Listed, wanted: &Wanted<'_>, now: Timestamp) -> Option<String> {
        let mut standings = who.standings.iter().flatten();
        let low = who.holds.len().saturating_sub(who.taken);
        let fits = |state: Activity| state == Activity::Active;
        let is_silent = |heard: Timestamp| now.since(heard) > LOST_AFTER;
        if !standings.clone().any(|standing| fits(standing.state)) {
            return Some(format!("it is {:?}", who.standings));
        }
        if !who.unsure && who.heard.is_none_or(is_silent) {
            return Some(format!("it was last heard {:?} at {now:?}", who.heard));
        }
        let offers = || who.standings.iter().flatten().map(|standing| &standing.offer);
        if offers().all(|offer| offer.gpu_tier < wanted.least) {
            return Some("it is of a lower class".to_owned());
        }
        if !who.serves(wanted.model).1 {
            return Some("it does not serve that model".to_owned());
        }
        if standings.all(|standing| low >= usize::from(standing.offer.concurrency)) {
            return Some(format!("it has {low} jobs already"));
        }
        if wanted.name.is_some_and(|name| self.had.contains(&(name.clone(), who.worker))) {
            return Some("it had that job before".to_owned());
        }
        let rests = [who.rests_until, who.rested_until].map(|until| until.is_some_and(|until| now < until));
        (rests == [true; 2]).then(|| format!("it rests until {:?}", who.rests_until))
    }

    /// Whether somebody may have a job for sure.
    fn is_fit(&self, who: &Listed, wanted: &Wanted<'_>, now: Timestamp) -> bool {
        let high = who.holds.len() + who.released;
        let is_fit = |standing: &Option<Standing>| {
            standing.as_ref().is_some_and(|standing| {
                standing.state == Activity::Active
                    && standing.offer.gpu_tier >= wanted.least
                    && high < usize::from(standing.offer.concurrency)
            })
        };
        let had = |name: &Arc<str>| {
            let one = (name.clone(), who.worker);
            self.had.contains(&one) || self.had_perhaps.contains(&one)
        };
        !who.unsure
            && !who.in_passing
            && who.heard.is_some_and(|heard| now.since(heard) <= LOST_AFTER)
            && who.standings.iter().all(is_fit)
            && who.serves(wanted.model).0
            && !wanted.name.is_some_and(had)
            && [who.rests_until, who.rested_until].iter().flatten().all(|until| *until <= now)
    }
}

/// Whatever is uncertain is taken to speak for somebody, or against him.
fn rank(who: &Listed, jobs: usize, favour: bool) -> Rank {
    let [before, now] = who.numbers;
    let number = if favour { before.max(now) } else { before.min(now) };
    let heard = who.heard.filter(|_| !(favour && who.unsure)).unwrap_or_default();
    (Reverse(number), jobs, heard, who.worker)
}

impl std::fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "class {} for {}", self.least, self.model)
    }
}
