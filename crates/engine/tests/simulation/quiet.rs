//! What must hold at every instant, in a moment of quiet, and at rest.

use super::Found;
use super::acts::READING;
use super::agents::FOLLOWING_FEED;
use super::coordinator::{LEAST_STAKE, OUTBOX, POST};
use super::disputes;
use super::market::Market;
use super::workers::Place;
use docket_core::event::{Fault, Voucher};
use docket_core::id::WorkerId;
use docket_core::job::{Job, State};
use docket_core::ledger::Account;
use docket_core::policy::{Judge, Ruling};
use docket_core::reputation::ONE;
use docket_core::routing::StakeTier;
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::Worker;
use docket_engine::{Census, RESUME_GRACE};
use futures::executor::block_on;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So often timers may find something new to do at one instant.
const ROUNDS: usize = 50;
/// Until everything is at rest, it is looked at this often.
const QUIET: usize = 16;
/// So often something may happen where there are nodes before nobody does anything any more: a job for which there is no
/// node waits for a day.
const WITH_NODES: usize = 400;
/// So often something may happen before everything must be at rest.
const EVENTS: usize = 5_000;

impl Market {
    /// The books and the log, at any instant.
    pub(super) fn check_books(&mut self) -> Found {
        self.books.read(&self.coordinator)?;
        self.check_streams()?;
        self.books.compare(&self.coordinator)
    }

    /// What was settled since the last look costs what it may.
    pub(super) fn check_streams(&mut self) -> Found {
        for id in self.books.take_settled() {
            let job = self.coordinator.read(|reader| reader.find(&id));
            let job = job.ok_or_else(|| format!("{id:?} was settled and is gone"))?;
            let answer = self.coordinator.read(|reader| reader.answer(job.id));
            let moved = self.coordinator.read(|reader| reader.job_transfers(job.id));
            self.streams.check(&job, answer.as_ref(), &moved)?;
            if let Some(delivery) = job.delivery()
                && job.policy.stream_within.is_some()
            {
                let whole = delivery.voucher == Voucher::Worker;
                self.sight(if whole { "a stream that was whole" } else { "a stream that broke off" });
            }
        }
        Ok(())
    }

    /// One worker a job, at any instant.
    pub(super) fn check_hands(&self) -> Found {
        let mut holders = BTreeMap::new();
        for view in self.coordinator.engine.worker_views(None, usize::MAX) {
            for job in view.jobs {
                if let Some(other) = holders.insert(job.clone(), view.candidate.id) {
                    return Err(format!("{other:?} and {:?} both hold {job}", view.candidate.id));
                }
            }
        }
        Ok(())
    }

    /// Lets everything go on that needs neither time nor messages, and timers do what is due by now.
    pub(super) fn settle(&mut self) -> Found {
        self.weather.set_calm(true);
        let mut rounds = 0;
        loop {
            self.coordinator.settle(self.planted);
            self.listen();
            self.take_reports()?;
            let now = self.now();
            if !self.coordinator.is_due(now) {
                break;
            }
            self.coordinator.wake_timers();
            rounds += 1;
            if rounds > ROUNDS {
                let (next, census) = (self.coordinator.next_deadline(), self.coordinator.engine.census());
                return Err(format!("timers are due again and again at {now:?}: {next:?}, {census:?}"));
            }
        }
        self.weather.set_calm(false);
        Ok(())
    }

    /// Whoever waits after a start waits longer than his former worker may take to come back, unless more was
    /// promised to the client.
    pub(super) fn check_start(&self) -> Found {
        let grace = self.now() + RESUME_GRACE;
        for job in self.coordinator.engine.store().open_jobs() {
            if let State::Funded { by } = job.state
                && job.hire.is_none()
                && by <= grace
                && job.finish_by != Some(by)
            {
                return Err(format!(
                    "{:?} has until {by:?} after a start at {:?}",
                    job.public_id,
                    self.now()
                ));
            }
        }
        Ok(())
    }

    /// What holds when nothing is under way.
    pub(super) fn check_in_quiet(&mut self) -> Found {
        self.settle()?;
        self.trace.line(format_args!("quiet"));
        self.check_books()?;
        self.check_hands()?;
        let jobs = self.coordinator.engine.store().open_jobs();
        let census = self.coordinator.engine.census();
        for job in &jobs {
            let (kept, due) = (self.coordinator.engine.deadline_of(job.id), job.state.deadline());
            if kept != due {
                return Err(format!("{:?} is due at {due:?}, and its timer at {kept:?}", job.public_id));
            }
        }
        let count = |wanted: fn(&State) -> bool| jobs.iter().filter(|job| wanted(&job.state)).count();
        let held = count(|state| matches!(state, State::Assigned { .. } | State::Running { .. }));
        let waiting = |job: &&Arc<Job>| job.hire.is_none() && matches!(job.state, State::Funded { .. });
        let waits = jobs.iter().filter(waiting).count();
        let expected = Census {
            open_jobs: jobs.len(),
            deadlines: jobs.len(),
            held,
            being_given: 0,
            effects: 0,
            ..census
        };
        if census != expected {
            return Err(format!("{census:?} in quiet, and not {expected:?}"));
        }
        self.check_barred()?;
        // Whether somebody whose word was on its way when he was heard is online, is settled there.
        self.check_nodes_in_quiet()?;
        self.check_fleet()?;
        self.check_agents_in_quiet()?;
        if census.effects_later == 0 && census.waiting != waits {
            return Err(format!("{waits} jobs wait, and {} stand in line", census.waiting));
        }
        self.check_nobody_waits_in_vain()
    }

    /// The coordinator knows of exactly the connections that there are, and each worker has been told of
    /// exactly the jobs that it has. One that is away is remembered for its jobs alone.
    fn check_fleet(&self) -> Found {
        let engine = &self.coordinator.engine;
        let wires = || self.wires.values().filter(|wire| wire.connection.is_some());
        let (connections, nodes) = (wires().count(), self.nodes_online());
        if engine.census().connected != connections + nodes {
            let census = engine.census();
            return Err(format!("{census:?}, and there are {connections} connections and {nodes} nodes"));
        }
        for wire in wires() {
            let worker = &self.workers[wire.worker];
            let view = engine.worker_view(&worker.id);
            let held: BTreeSet<_> = view.into_iter().flat_map(|view| view.jobs).collect();
            if held != wire.given {
                return Err(format!("{} has {held:?} and was told of {:?}", worker.name(), wire.given));
            }
        }
        let views = engine.worker_views(None, usize::MAX);
        match views.iter().find(|view| !view.connected && view.jobs.is_empty()) {
            Some(view) => Err(format!("{:?} is expected back without a job", view.candidate.id)),
            None => Ok(()),
        }
    }

    /// Nobody gives work to a worker that is barred.
    fn check_barred(&self) -> Found {
        for view in self.coordinator.engine.worker_views(None, usize::MAX) {
            let worker = self.coordinator.read(|reader| reader.worker(view.candidate.id));
            if worker.is_some_and(|worker| worker.suspended) && view.connected && !view.candidate.draining {
                return Err(format!("{:?} is barred and given work", view.candidate.id));
            }
        }
        Ok(())
    }

    /// No job waits while a worker who could take it has room, unless it waits for who had it before a start.
    fn check_nobody_waits_in_vain(&self) -> Found {
        let engine = &self.coordinator.engine;
        if engine.census().effects_later > 0 {
            return Ok(());
        }
        self.weather.set_calm(true);
        for job in engine.store().open_jobs() {
            if job.hire.is_none()
                && let State::Funded { .. } = job.state
            {
                let verdicts = block_on(engine.explain(&job)).map_err(|error| error.to_string())?;
                if let Some(fit) = verdicts.iter().find(|verdict| verdict.outcome.is_ok()) {
                    return Err(format!("{:?} waits, and {:?} has room for it", job.public_id, fit.worker));
                }
            }
        }
        self.weather.set_calm(false);
        Ok(())
    }

    /// No new orders, and time goes on: everything must end.
    pub(super) fn come_to_rest(&mut self) -> Found {
        self.trace.line(format_args!("no more orders"));
        self.calm_agents();
        if self.broken.is_some() {
            self.crash()?;
        }
        if self.dice.percent(50) {
            self.freeze_workers();
            self.trace.line(format_args!("all workers freeze"));
        }
        for event in 0..EVENTS {
            if event == WITH_NODES && self.nodes.are_there() {
                self.send_workers_home();
            }
            self.settle()?;
            if self.is_at_rest() {
                self.check_at_rest()?;
                return self.tell_the_rest();
            }
            if event % QUIET == 0 {
                self.check_in_quiet()?;
            }
            self.check_nobody_waits_in_vain()?;
            self.pass_to_the_next_event();
        }
        let census = self.coordinator.engine.census();
        Err(format!("no rest after {} ms: {census:?}", self.elapsed()))
    }

    fn freeze_workers(&mut self) {
        let now = self.now();
        for worker in &mut self.workers {
            worker.is_away(&mut self.dice, now);
            worker.place = Place::Away(Timestamp(i64::MAX));
        }
    }

    /// All connections end, and nobody comes back.
    pub(super) fn send_workers_home(&mut self) {
        let links: Vec<_> = self.wires.keys().copied().collect();
        links.into_iter().for_each(|link| self.end(link));
        self.silence_nodes();
        self.freeze_workers();
    }

    fn is_at_rest(&self) -> bool {
        let census = self.coordinator.engine.census();
        census.open_jobs + census.effects_later + census.away == 0 && !self.nodes_tested()
    }

    /// Whether some challenge has not ended.
    fn nodes_tested(&self) -> bool {
        self.nodes.are_there() && !self.coordinator.read(|reader| reader.open_challenges()).is_empty()
    }

    fn pass_to_the_next_event(&mut self) {
        let now = self.now();
        let workers = self.workers.iter().filter_map(super::workers::Worker::next);
        let next = workers
            .chain(self.network.next())
            .chain(self.next_of_nodes())
            .chain(if self.nodes_tested() {
                self.coordinator.next_deadline()
            } else {
                self.coordinator.engine.next_deadline()
            })
            .min();
        let span = next.map_or(1_000, |next| next.since(now).0.max(1));
        self.clock.advance(Millis(span));
        self.trace.line(format_args!("{} ms", self.elapsed()));
        for _ in 0..8 {
            self.packet_arrives();
        }
        for number in 0..self.workers.len() {
            self.let_act(number);
        }
        self.let_nodes_act();
        self.end_jobs_of_agents();
    }

    fn check_at_rest(&mut self) -> Found {
        self.trace.line(format_args!("at rest after {} ms", self.elapsed()));
        self.check_in_quiet()?;
        let census = self.coordinator.engine.census();
        let rest = Census { connected: census.connected, ..Census::default() };
        if census != rest {
            return Err(format!("at rest there is still {census:?}"));
        }
        let lasts = |name: &&str| [OUTBOX, POST, FOLLOWING_FEED].contains(name) || name.starts_with(READING);
        let under_way: Vec<&str> = self.coordinator.tasks.names().filter(|name| !lasts(name)).collect();
        if !under_way.is_empty() {
            return Err(format!("at rest there still wait: {under_way:?}"));
        }
        self.books.check_empty()?;
        self.check_agents_at_rest()?;
        self.check_nodes_at_rest()?;
        let mut completed: BTreeMap<WorkerId, Vec<Timestamp>> = BTreeMap::new();
        for job in super::promises::all_jobs(&self.coordinator).into_iter().filter(|job| job.hire.is_none()) {
            if !job.state.is_final() {
                return Err(format!("{:?} is {} for ever", job.public_id, job.state.name()));
            }
            // What a dispute has taken from the worker, in whole or in part, does not speak for it.
            let transfers = self.coordinator.read(|reader| reader.job_transfers(job.id));
            if transfers.iter().any(|leg| matches!(leg.from, Account::Staked(_))) {
                self.sight("a stake that a ruling took");
            }
            let divided = matches!(job.state, State::Arbitrated { ruling: Ruling::Divided { .. }, .. });
            if let Some(delivery) = job.delivery().filter(|by| !divided && by.voucher == Voucher::Worker) {
                let worker = delivery.worker().expect("only workers deliver here");
                let paid = transfers.iter().find(|leg| leg.to == Account::Worker(worker));
                completed.entry(worker).or_default().extend(paid.map(|leg| leg.at));
            }
            let journal = self.coordinator.read(|reader| reader.journal(job.id));
            disputes::check(&job, &journal, &transfers)?;
            let ruled = journal.iter().find(|row| row.event == "ruled");
            if let Some(ruled) =
                ruled.filter(|_| job.delivery().is_some_and(|by| by.voucher != Voucher::Worker))
            {
                let silence = ruled.detail.contains(Judge::Default.name());
                let ends = ["a part that was disputed and ruled over", "a part that was disputed in vain"];
                self.sight(ends[usize::from(silence)]);
            }
            for row in journal {
                self.sight(&row.event);
                if let Some(reason) = row.detail.split(' ').next().and_then(Fault::parse) {
                    self.sight(reason.code());
                }
                let arrived = row.event == "settled" || row.event == "submitted";
                // Who has a part of an answer is not late with it.
                let broken = job.delivery().is_some_and(|by| by.voucher == Voucher::Coordinator);
                if arrived && !broken && disputes::last_arrival(&job).is_none_or(|by| row.at >= by) {
                    return Err(format!("{:?} was {} at {:?}, too late", job.public_id, row.event, row.at));
                }
            }
        }
        for worker in &self.workers {
            let known = self.coordinator.read(|reader| reader.worker(worker.id));
            let counted = known.map_or(0, |known| known.standing.completed);
            let paid = completed.remove(&worker.id).unwrap_or_default();
            if counted as usize != paid.len() {
                return Err(format!(
                    "{} has completed {} jobs, and {counted} count",
                    worker.name(),
                    paid.len()
                ));
            }
            if let Some(known) = known {
                check_fading(known.reputation.paid, &paid, known.reputation.hour)
                    .map_err(|wrong| format!("{}'s paid jobs: {wrong}", worker.name()))?;
                self.check_reputation(&known)?;
            }
        }
        self.promises.verify(&self.coordinator, &self.books, &self.orders)
    }

    /// What is weighed never exceeds what was counted, and matching goes by what is on disk.
    fn check_reputation(&self, known: &Worker) -> Found {
        let weighed = known.reputation;
        let counted = [known.standing.completed, known.standing.failed].map(|jobs| u64::from(jobs) * ONE);
        let within = weighed.paid <= counted[0]
            && weighed.lost <= counted[1]
            && weighed.unproven <= weighed.lost
            && weighed.compared <= weighed.paid
            && weighed.connected <= weighed.watched
            && weighed.by_parts().0 <= 10_000;
        if !within {
            return Err(format!("{:?} is weighed as {weighed:?}, and has {:?}", known.id, known.standing));
        }
        let seen = self.coordinator.engine.worker_view(&known.id);
        let stake = Account::Staked(known.id);
        let staked: i128 =
            self.coordinator.read(|reader| reader.balance(&stake)).iter().map(|row| row.units).sum();
        let counts = seen.as_ref().map(|view| view.candidate.stake != StakeTier::NONE);
        if counts.is_some_and(|counts| counts != (staked.unsigned_abs() >= LEAST_STAKE)) {
            return Err(format!("{:?} has staked {staked}, and it counts: {counts:?}", known.id));
        }
        let numbers = [weighed.by_jobs(), weighed.by_parts()];
        let matched = seen.map(|view| [view.candidate.reputation, view.candidate.merit]);
        match matched.filter(|matched| *matched != numbers) {
            Some(matched) => Err(format!("{:?} is matched by {matched:?}, and has {numbers:?}", known.id)),
            None => Ok(()),
        }
    }
}

/// What is kept of jobs is what their instants leave by the formula, 2^(-hours / 720) for each, with floating point.
pub(super) fn check_fading(kept: u64, jobs: &[Timestamp], hour: i64) -> Found {
    let left = |at: &Timestamp| (-((hour - at.0.div_euclid(3_600_000)) as f64) / 720.0).exp2();
    let (expected, kept) = (jobs.iter().map(left).sum::<f64>(), kept as f64 / ONE as f64);
    // Rounding takes a thousandth of a job, and an hour may end between the decision and the write.
    if (expected - kept).abs() < 0.001 + 0.002 * jobs.len() as f64 {
        return Ok(());
    }
    Err(format!("{kept} are kept, and {expected} are left of {}", jobs.len()))
}
