//! Jobs that found no worker: the oldest of each kind is tried again when somebody has room.

use docket_core::feature::Features;
use docket_core::id::JobId;
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::Asset;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Jobs that any worker could do who can do one of them wait in one line. A job with conditions of
/// its own waits alone, so that it never stands in others' way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Plain { skill: Skill, model: Option<Arc<str>>, needs: Features, speed: Speed, asset: Asset, pay: u128 },
    Special(JobId),
}

impl Kind {
    fn of(job: &Job) -> Self {
        let Ask { skill, model, speed, private, needs } = &*job.ask;
        if *private || !job.tried.is_empty() {
            return Self::Special(job.id);
        }
        let pay = job.policy.split.divide(job.price).worker; // A worker may ask for more than one job pays.
        Self::Plain {
            skill: *skill,
            model: model.clone(),
            needs: *needs,
            speed: *speed,
            asset: pay.asset,
            pay: pay.units,
        }
    }
}

/// The lines.
#[derive(Default)]
pub(super) struct Waiting {
    lines: BTreeMap<Kind, BTreeSet<JobId>>,
    kinds: HashMap<JobId, Kind>,
}

impl Waiting {
    pub(super) fn add(&mut self, job: &Job) {
        let kind = Kind::of(job);
        self.remove(job.id);
        self.lines.entry(kind.clone()).or_default().insert(job.id);
        self.kinds.insert(job.id, kind);
    }

    pub(super) fn remove(&mut self, job: JobId) {
        let Some(kind) = self.kinds.remove(&job) else { return };
        if let Some(line) = self.lines.get_mut(&kind) {
            line.remove(&job);
            if line.is_empty() {
                self.lines.remove(&kind);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The first of each line, the oldest first.
    pub(super) fn heads(&self) -> Vec<JobId> {
        let mut heads: Vec<_> = self.lines.values().filter_map(|line| line.first().copied()).collect();
        heads.sort_unstable();
        heads
    }
}
