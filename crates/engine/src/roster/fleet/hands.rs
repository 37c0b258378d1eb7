//! Which job is in whose hands, and how it got there.

use super::{Choice, Fleet, Held, Member};
use crate::roster::{Connection, Explanation, ToWorker, skills};
use docket_core::event::Event;
use docket_core::id::{Attempt, JobId, WorkerId};
use docket_core::job::{Ask, Job};
use docket_core::money::Amount;
use docket_core::policy::Policy;
use docket_core::routing::{Audience, Decision, Demand, Lot, ModelId, Ranked, Scoring, Skills, judge, tally};
use docket_core::time::Timestamp;
use std::sync::Arc;

/// Up to so many connected workers, a decision keeps why each of the others was unfit, as counts.
const COUNTED: usize = 256;

impl Fleet {
    /// Chooses a worker for a job and takes its place; without one, the job waits. Whom its client was promised has it if
    /// he may.
    pub(crate) fn choose(
        &mut self,
        job: &Job,
        trusted: Option<&[WorkerId]>,
        preferred: Option<WorkerId>,
        scoring: &Scoring,
        now: Timestamp,
        seed: u64,
    ) -> Choice {
        if let Some(holder) = self.holders.get(&job.id) {
            return Choice::Taken(*holder);
        }
        let demand = self.demand(job, trusted);
        let mut shortlist = self.index.shortlist(&demand, scoring, now, seed);
        if let Some(preferred) = preferred.and_then(|worker| self.index.get(&worker))
            && let Ok(score) = judge(preferred, &demand, scoring, now)
        {
            shortlist.prefer(Ranked { worker: preferred.id, score });
        }
        let Some(chosen) = shortlist.chosen else {
            self.waiting.add(job);
            return Choice::Nobody;
        };
        let counted = self.index.len() <= COUNTED;
        let tally = counted.then(|| tally(self.index.candidates(), &demand, scoring, now));
        let decision = Decision { shortlist, tally: tally.unwrap_or_default() };
        self.give(&chosen.worker, job, decision);
        let accepts = self.members.get(&chosen.worker).is_some_and(|member| member.accepts);
        Choice::Fit { worker: chosen.worker, accepts }
    }

    /// A worker takes up a job that it had when the coordinator was started again. `false` if somebody
    /// has it already.
    pub(crate) fn take_up(&mut self, worker: &WorkerId, job: &Job) -> bool {
        let free = !self.holders.contains_key(&job.id) && self.members.contains_key(worker);
        if free {
            self.give(worker, job, Decision::default());
        }
        free
    }

    /// Puts a job into a worker's hands, under an attempt that is yet to be made.
    pub(super) fn give(&mut self, worker: &WorkerId, job: &Job, decision: Decision) {
        self.waiting.remove(job.id);
        self.holders.insert(job.id, *worker);
        let held = Held {
            name: job.public_id.text.clone(),
            attempt: None,
            since: None,
            first_text: None,
            decision: Arc::new(decision),
        };
        let secret = self.secret;
        self.change(worker, |member| {
            member.turns += 1;
            member.candidate.lot = Lot::draw(secret, &member.candidate.id, member.turns);
            member.names.insert(held.name.clone(), job.id);
            member.held.insert(job.id, held);
        });
    }

    /// What a job asks for.
    pub(super) fn demand<'a>(&self, job: &'a Job, trusted: Option<&'a [WorkerId]>) -> Demand<'a> {
        self.demand_of(&job.ask, &job.policy, job.price, &job.tried, trusted)
    }

    /// What a job of these terms asks for; a model that no worker ever named has no number, so nobody fits.
    pub(super) fn demand_of<'a>(
        &self,
        ask: &Ask,
        policy: &Policy,
        price: Amount,
        tried: &'a [WorkerId],
        trusted: Option<&'a [WorkerId]>,
    ) -> Demand<'a> {
        let number = |name| self.models.get(name).copied().unwrap_or(ModelId(u32::MAX));
        let skills = skills(ask.skill);
        Demand {
            // Those who keep no connection are there for jobs that ask for a class of hardware.
            skills: if policy.tier.is_some() { skills } else { skills.with(Skills::CONNECTED) },
            model: ask.model.as_ref().map(number),
            needs: ask.needs,
            min_gpu_tier: policy.tier.map_or(0, |tier| tier.least),
            region: None,
            price: policy.split.divide(price).worker,
            audience: trusted.map_or(Audience::Anyone, Audience::Only),
            must_be_proven: ask.private,
            excluded: tried,
        }
    }

    /// Says of every worker why it may or may not have a job.
    pub(crate) fn explain(
        &self,
        job: &Job,
        trusted: Option<&[WorkerId]>,
        scoring: &Scoring,
        now: Timestamp,
    ) -> Explanation {
        let demand = self.demand(job, trusted);
        docket_core::routing::explain(self.index.candidates(), &demand, scoring, now, 0)
    }

    /// The assignment stands: the worker is told, if it is still there and still has the job.
    pub(crate) fn hold(
        &mut self,
        worker: &WorkerId,
        job: JobId,
        attempt: Attempt,
        message: ToWorker,
        now: Timestamp,
    ) {
        let Some(member) = self.members.get_mut(worker) else { return };
        let Some(held) = member.held.get_mut(&job) else { return };
        held.attempt = Some(attempt);
        held.since.get_or_insert(now);
        member.outbound.send(Box::new(message)).ok(); // A connection that has just ended is noticed by `leave`.
    }

    /// The first text of an answer is here.
    pub(crate) fn first_text(&mut self, worker: &WorkerId, job: JobId, now: Timestamp) {
        let held = self.members.get_mut(worker).and_then(|member| member.held.get_mut(&job));
        if let Some(held) = held {
            held.first_text.get_or_insert(now);
        }
    }

    /// The assignment did not come about.
    pub(crate) fn release(&mut self, worker: &WorkerId, job: JobId) {
        self.take_back(worker, job, |_| {});
    }

    /// A job is not in a worker's hands any more.
    fn take_back(&mut self, worker: &WorkerId, job: JobId, and: impl FnOnce(&mut Member)) {
        if self.holders.get(&job) == Some(worker) {
            self.holders.remove(&job);
        }
        self.change(worker, |member| {
            if let Some(held) = member.held.remove(&job) {
                member.names.remove(&held.name);
            }
            and(member);
        });
        let gone = |member: &Member| member.connection.is_none() && member.held.is_empty();
        if self.members.get(worker).is_some_and(gone) {
            self.forget(worker);
        }
    }

    /// A worker does not hold a job any more: it learns why. Answers whether it must rest before it is given
    /// another.
    pub(crate) fn let_go(
        &mut self,
        worker: WorkerId,
        before: &Job,
        attempt: Attempt,
        event: &Event,
        log_index: Option<u64>,
        now: Timestamp,
    ) -> bool {
        let fault = match event {
            Event::Returned { reason, .. }
            | Event::Closed { reason, .. }
            | Event::Settled { broken: Some(reason), .. } => Some(*reason),
            _ => None,
        };
        let job = before.public_id.text.clone();
        let message = match fault {
            None => ToWorker::Done { job, attempt, outcome: Ok(log_index) },
            Some(reason) => ToWorker::Cancel { job, attempt, reason: reason.code() },
        };
        let mut rests_until = None;
        self.take_back(&worker, before.id, |member| {
            member.outbound.send(Box::new(message)).ok(); // A worker that is gone needs no message.
            member.learn(event, fault, now);
            rests_until = member.candidate.cooling_until;
        });
        let rests = rests_until.filter(|until| *until > now);
        if let Some(until) = rests {
            self.look_at(until);
        }
        rests.is_some()
    }

    /// A job in a worker's hands, by the name that both sides use.
    pub(crate) fn held(&self, connection: Connection, name: &str) -> Option<(WorkerId, JobId, Held)> {
        let worker = self.worker(connection)?;
        let member = self.members.get(&worker)?;
        let job = *member.names.get(name)?;
        Some((worker, job, member.held.get(&job)?.clone()))
    }
}
