//! Jobs that found no worker: the oldest of each kind is tried again when somebody has room.

use docket_core::feature::Features;
use docket_core::id::{JobId, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::Asset;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Jobs that any worker could do who can do one of them wait in one line. A private job waits alone, so that it never
/// stands in others' way.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    Plain {
        skill: Skill,
        model: Option<Arc<str>>,
        needs: Features,
        speed: Speed,
        asset: Asset,
        pay: u128,
        /// Who had it, whatever the order: it is not given to them again.
        tried: BTreeSet<WorkerId>,
    },
    Private(JobId),
}

impl Kind {
    fn of(job: &Job) -> Self {
        let Ask { skill, model, speed, private, needs } = &*job.ask;
        if *private {
            return Self::Private(job.id);
        }
        let pay = job.policy.split.divide(job.price).worker; // A worker may ask for more than one job pays.
        Self::Plain {
            skill: *skill,
            model: model.clone(),
            needs: *needs,
            speed: *speed,
            asset: pay.asset,
            pay: pay.units,
            tried: job.tried.iter().copied().collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::{ClientId, Dialect, PublicId};
    use docket_core::ledger::NetworkId;
    use docket_core::money::{Amount, Split};
    use docket_core::policy::{Arbitration, Lapse, Policy, Ruling, Source};
    use docket_core::time::{Millis, Timestamp};

    fn job(number: u64, tried: &[WorkerId], private: bool) -> Job {
        let day = Millis::hours(24);
        let policy = Policy {
            source: Source::Minted(NetworkId("ledger:testnet".into())),
            split: Split::default(),
            fund_within: day,
            match_within: day,
            rematch_within: day,
            run_within: day,
            finish_within: day,
            attempts: 3,
            lapse: Lapse::Failed,
            evaluation: None,
            dispute_window: Millis(0),
            arbitration: Arbitration { within: day, default: Ruling::ForWorker },
            stream_within: None,
            metering: None,
            staked: None,
            tier: None,
        };
        let ask =
            Ask { skill: Skill::Infer, model: None, speed: Speed::Fast, private, needs: Features::NONE };
        let name = PublicId { dialect: Dialect::Quotes, text: number.to_string().into() };
        let (client, price) = (ClientId("ann".into()), Amount::new(7, Asset::TEST_USDC));
        let job = Job::new(JobId(number), name, client, Arc::new(ask), price, Arc::new(policy), Timestamp(0));
        Job { tried: tried.to_vec(), ..job }
    }

    #[test]
    fn those_that_the_same_workers_had_wait_in_one_line() {
        let (ann, bob) = (WorkerId([1; 32]), WorkerId([2; 32]));
        let mut waiting = Waiting::default();
        for number in 0..100 {
            waiting.add(&job(1_000 + number, &[], false));
            waiting.add(&job(2_000 + number, &[ann], false));
            let both = if number % 2 == 0 { [ann, bob] } else { [bob, ann] };
            waiting.add(&job(3_000 + number, &both, false));
        }
        waiting.add(&job(4_000, &[], true));
        waiting.add(&job(4_001, &[], true));
        let heads = [1_000, 2_000, 3_000, 4_000, 4_001].map(JobId);
        assert_eq!((waiting.heads(), waiting.len()), (heads.to_vec(), 302));
    }
}
