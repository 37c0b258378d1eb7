//! What each node is worth: reckoned from the list of what has happened to it, with floating point, by the documented
//! formula.

use super::super::Found;
use super::super::market::Market;
use super::listed::is_blamed;
use super::offers::DIALECT;
use docket_core::id::WorkerId;
use docket_core::job::Job;
use docket_core::reputation::Reputation;
use docket_core::time::{Millis, Timestamp};
use docket_store::{JournalRow, NoticeRow};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rounding moves a number by no more.
const ROUNDING: f64 = 3.0;
const HOUR: f64 = 3_600_000.0;
/// Half of everything has faded after so many hours.
const HALF_LIFE: f64 = 720.0;

/// What happened to a node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Event {
    /// A job was paid, whose first text had this place among others, of 10,000.
    Paid(Option<u16>),
    /// A job was lost, with a bad receipt or without.
    Lost { unproven: bool },
    /// It was online since then.
    Online { since: Timestamp },
    /// A challenge ended.
    Tested { passed: bool },
}

/// Everything that happened to each node.
pub(super) type Happenings = BTreeMap<WorkerId, Vec<(Timestamp, Event)>>;

/// What is kept of the past where it cannot be read again.
#[derive(Default)]
pub(super) struct Record {
    /// What everybody could see so far.
    pub(super) notices: Vec<NoticeRow>,
}

impl Market {
    /// What has happened to all nodes up to now, in order. Nothing is under way.
    pub(super) fn happenings(&self) -> Happenings {
        let mut all = Happenings::new();
        for job in self.jobs_of_a_class() {
            let journal = self.coordinator.read(|reader| reader.journal(job.id));
            for (worker, at, event) in self.said_by(&job, &journal) {
                all.entry(worker).or_default().push((at, event));
            }
        }
        for listed in &self.nodes.roll.borrow().listed {
            let known = self.coordinator.read(|reader| reader.worker(listed.worker));
            let until = known.and_then(|known| known.reputation.watched_until);
            let written = listed.visits.iter().filter(|(_, end)| Some(*end) <= until);
            let visits = written.map(|(since, end)| (*end, Event::Online { since: *since }));
            let verdicts = self.coordinator.read(|reader| reader.challenges(listed.wallet, 1_000));
            let verdicts = verdicts.into_iter().filter_map(|challenge| {
                Some((challenge.ended_at?, Event::Tested { passed: challenge.passed()? }))
            });
            all.entry(listed.worker).or_default().extend(visits.chain(verdicts));
        }
        all.values_mut().for_each(|events| events.sort_by_key(|(at, _)| *at));
        all
    }

    /// What a job of a class says of those who had it.
    fn said_by(&self, job: &Job, journal: &[JournalRow]) -> Vec<(WorkerId, Timestamp, Event)> {
        let unproven = |code: &str| code == "bad_receipt";
        let is_test = job.policy.tier.is_some_and(|tier| tier.is_challenge);
        let mut all = Vec::new();
        let mut returned = Vec::new();
        for row in journal {
            match row.event.as_str() {
                "returned" => {
                    let (code, worker) = row.detail.split_once(" by ").expect("who has given it back");
                    let worker = WorkerId::from_hex(worker).expect("a worker");
                    returned.push(worker);
                    if is_blamed(code) {
                        all.push((worker, row.at, Event::Lost { unproven: unproven(code) }));
                    }
                }
                "settled" if !is_test => {
                    let delivery = job.delivery().expect("what was delivered");
                    let placing = delivery.conduct.placing.map(|placing| placing.0);
                    all.push((delivery.worker().expect("a node"), row.at, Event::Paid(placing)));
                }
                // Late is who had it then.
                "failed" | "refunded" | "expired" if is_blamed(&row.detail) => {
                    if is_test && row.detail == "timed_out" {
                        continue;
                    }
                    let roll = self.nodes.roll.borrow();
                    let holder = roll.givens.get(&job.public_id.text);
                    if let Some(holder) = holder.filter(|worker| !returned.contains(worker)) {
                        let unproven = unproven(&row.detail);
                        all.push((*holder, row.at, Event::Lost { unproven }));
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// Every job of a class, by the order in which they were made.
    pub(super) fn jobs_of_a_class(&self) -> Vec<Arc<Job>> {
        let mut jobs = super::super::promises::all_jobs(&self.coordinator);
        jobs.retain(|job| super::is_for_nodes(job) && job.public_id.dialect == DIALECT);
        jobs.sort_by_key(|job| job.id);
        jobs
    }

    /// What stands on disk of each node, what is matched by, and what has happened to it come to one number.
    pub(super) fn check_numbers(&self) -> Found {
        let happenings = self.happenings();
        for listed in &self.nodes.roll.borrow().listed {
            let (wallet, worker) = (listed.wallet, listed.worker);
            let Some(known) = self.coordinator.read(|reader| reader.worker(worker)) else { continue };
            let number = known.reputation.tested();
            let node = self.coordinator.engine.node(listed.wallet).ok();
            let view = self.coordinator.engine.worker_view(&worker);
            let shown = node.map(|node| node.worker.reputation.tested());
            let matched = view.map(|view| view.candidate.tested);
            if [shown, matched].into_iter().flatten().any(|other| other != number) {
                return Err(format!("{wallet} has {number:?}, is shown {shown:?} and matched {matched:?}"));
            }
            let events = happenings.get(&worker).map(Vec::as_slice).unwrap_or_default();
            let own = reckon(events);
            if (own - f64::from(number.0)).abs() > ROUNDING {
                return Err(format!(
                    "{wallet} has {number:?}, and {own} would be right after {events:?}: {:?}",
                    known.reputation
                ));
            }
            // What could not be written is written soon.
            let soon = Some(self.now() + Millis::seconds(1));
            if self.coordinator.engine.next_deadline().is_some_and(|next| Some(next) <= soon) {
                continue;
            }
            check_visits(&known.reputation, &listed.visits)
                .map_err(|wrong| format!("{wallet} {wrong}: {:?}", listed.visits))?;
        }
        Ok(())
    }

    /// What nobody has written down of who was online is lost with the coordinator.
    pub(crate) fn forget_visits(&mut self) {
        for listed in &mut self.nodes.roll.borrow_mut().listed {
            let known = self.coordinator.read(|reader| reader.worker(listed.worker));
            let written = known.and_then(|known| known.reputation.watched_until);
            listed.visits.retain(|(_, end)| Some(*end) <= written);
        }
    }
}

fn check_visits(kept: &Reputation, visits: &[(Timestamp, Timestamp)]) -> Found {
    let last = visits.last().map(|(_, end)| *end);
    if kept.watched_until == last {
        return Ok(());
    }
    Err(format!("was online until {last:?}, and {:?} is kept", kept.watched_until))
}

/// The number that a history of events comes to.
pub(super) fn reckon(events: &[(Timestamp, Event)]) -> f64 {
    let hour = |at: Timestamp| at.0.div_euclid(3_600_000) as f64;
    let last = events.iter().map(|(at, _)| hour(*at)).fold(0.0, f64::max);
    let left = |at: Timestamp| (-(last - hour(at)) / HALF_LIFE).exp2();
    let [mut paid, mut lost, mut unproven, mut placed, mut compared] = [0.0; 5];
    let [mut online, mut watched, mut passed, mut refuted] = [0.0; 4];
    let mut until: Option<Timestamp> = None;
    for (at, event) in events {
        let weight = left(*at);
        match *event {
            Event::Paid(placing) => {
                paid += weight;
                if let Some(placing) = placing {
                    placed += weight * f64::from(placing) / 10_000.0;
                    compared += weight;
                }
            }
            Event::Lost { unproven: bad } => {
                lost += weight;
                unproven += if bad { weight } else { 0.0 };
            }
            Event::Online { since } => {
                let span = at.since(since);
                let all = until.map_or(span, |until| at.since(until));
                online += weight * faded(span.min(all));
                watched += weight * faded(all);
                until = Some(*at);
            }
            Event::Tested { passed: true } => passed += weight,
            Event::Tested { passed: false } => refuted += weight,
        }
    }
    let share = |good: f64, all: f64, imagined: f64| (good + imagined / 2.0) / (all + imagined) * 10_000.0;
    let work = 0.35 * share(paid, paid + lost, 4.0)
        + 0.30 * share(placed, compared, 4.0)
        + 0.25 * share(paid, paid + unproven, 4.0)
        + 0.10 * share(online, watched, 24.0 * HOUR);
    ((work + 100.0 * passed).min(10_000.0) - 2_000.0 * refuted).max(0.0)
}

/// What is left at its end of a span of time, in milliseconds.
fn faded(Millis(span): Millis) -> f64 {
    let hours = span as f64 / HOUR;
    HALF_LIFE / std::f64::consts::LN_2 * (1.0 - (-hours / HALF_LIFE).exp2()) * HOUR
}
