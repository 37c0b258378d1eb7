//! Who may have a job of a class, as somebody knows it who hears what nodes say and what they are told: the simulation's own
//! list, looked at after everything that the coordinator does.

use super::super::Found;
use super::super::coordinator::TIMERS;
use super::listed::{Listed, Standing};
use super::node;
use docket_core::agent::identity::Word;
use docket_core::id::{Attempt, WorkerId};
use docket_core::time::Timestamp;
use docket_engine::{Engine, EngineError, Node, ToWorker};
use docket_store::{Read, Reader};
use futures::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedReceiver;

/// The list.
#[derive(Default)]
pub(super) struct Roll {
    pub(super) listed: Vec<Listed>,
    posts: Option<UnboundedReceiver<Box<ToWorker>>>,
    /// The database without its weather.
    truth: Option<Arc<dyn Reader>>,
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

impl Roll {
    pub(super) fn of(nodes: &[node::Node]) -> Self {
        let listed = nodes.iter().map(Listed::of);
        Self { listed: listed.collect(), ..Self::default() }
    }

    /// Reads what this coordinator posts from now on.
    pub(super) fn attach(&mut self, posts: UnboundedReceiver<Box<ToWorker>>, truth: Arc<dyn Reader>) {
        (self.posts, self.truth) = (Some(posts), Some(truth));
    }

    fn read<'a, T>(&'a self, read: impl FnOnce(&'a dyn Reader) -> Read<'a, T>) -> T {
        let truth = self.truth.as_ref().expect("there is a database");
        let result = read(&**truth).now_or_never().expect("this database answers at once");
        result.expect("this database can be read")
    }

    /// The verdicts over somebody that he is not known to have had, in their order.
    fn verdicts(&self, listed: &Listed) -> Vec<(Timestamp, bool)> {
        let mut all = self.read(|reader| reader.challenges(listed.wallet, 1_000));
        all.sort_by_key(|challenge| challenge.ended_at);
        let verdicts = all.iter().filter_map(|challenge| Some((challenge.ended_at?, challenge.passed()?)));
        verdicts.skip(listed.judged).collect()
    }

    /// All verdicts on disk are known to the coordinator from now on.
    pub(super) fn learn_verdicts(&mut self) -> Found {
        for at in 0..self.listed.len() {
            let verdicts = self.verdicts(&self.listed[at]);
            if verdicts.is_empty() {
                continue;
            }
            let wallet = self.listed[at].wallet;
            let kept = self.read(|reader| reader.enrolment(wallet));
            self.listed[at].is_judged(&verdicts, kept.as_ref().map(Standing::from))?;
        }
        Ok(())
    }

    /// What has come of a word.
    pub(super) fn is_answered(
        &mut self,
        worker: &WorkerId,
        word: Word,
        result: &Result<Node, EngineError>,
        now: Timestamp,
    ) -> Found {
        let at = self.listed.iter().position(|listed| listed.worker == *worker).expect("it is listed");
        let verdicts = self.verdicts(&self.listed[at]);
        self.listed[at].is_answered(word, result, &verdicts, now)
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
        if task == TIMERS {
            self.learn_verdicts()?;
        }
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
