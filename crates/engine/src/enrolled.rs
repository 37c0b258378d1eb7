//! Who is enrolled for a class of hardware, in memory: by wallet, by worker, and in the order of their reputation.

use docket_core::agent::identity::Wallet;
use docket_core::enrolment::{Activity, Enrolment};
use docket_core::id::WorkerId;
use docket_core::worker::Worker;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everybody who has ever enrolled.
#[derive(Default)]
pub(crate) struct Enrolled(Mutex<Roll>);

#[derive(Default)]
pub(crate) struct Roll {
    entries: HashMap<Wallet, Entry>,
    wallets: HashMap<WorkerId, Wallet>,
    /// Everybody once, in the order in which they came.
    all: Vec<Wallet>,
    /// The best first, of each class; and of all under 0.
    order: BTreeMap<u8, BTreeSet<(Reverse<u16>, Wallet)>>,
    active: usize,
}

struct Entry {
    enrolment: Arc<Enrolment>,
    worker: Worker,
}

impl Enrolled {
    /// Held for microseconds and never across an await.
    pub(crate) fn roll(&self) -> MutexGuard<'_, Roll> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roll {
    /// An enrolment and its worker's record.
    pub(crate) fn get(&self, wallet: &Wallet) -> Option<(Arc<Enrolment>, Worker)> {
        self.entries.get(wallet).map(|entry| (entry.enrolment.clone(), entry.worker))
    }

    /// With which wallet a worker is enrolled.
    pub(crate) fn wallet_of(&self, worker: &WorkerId) -> Option<Wallet> {
        self.wallets.get(worker).copied()
    }

    /// Takes in what was written. Of two the later one holds, and so it is with the records of one worker.
    pub(crate) fn learn(&mut self, enrolment: Enrolment, mut worker: Worker) {
        let wallet = enrolment.wallet;
        if let Some(known) = self.entries.get(&wallet) {
            if known.enrolment.version >= enrolment.version {
                return;
            }
            let before = known.enrolment.clone();
            if known.worker.id == worker.id && known.worker.progress() > worker.progress() {
                worker = known.worker;
            }
            self.take_out(&wallet);
            if self.wallets.get(&before.worker) == Some(&wallet) {
                self.wallets.remove(&before.worker);
            }
        }
        if !self.entries.contains_key(&wallet) {
            self.all.push(wallet);
        }
        self.wallets.insert(enrolment.worker, wallet);
        self.put_in(Entry { enrolment: Arc::new(enrolment), worker });
    }

    /// What has come to light of a worker. Of two records the later one holds.
    pub(crate) fn learn_of(&mut self, worker: &Worker) {
        let Some(wallet) = self.wallets.get(&worker.id).copied() else { return };
        let is_news = |entry: &Entry| worker.progress() >= entry.worker.progress();
        if self.entries.get(&wallet).is_some_and(is_news)
            && let Some(entry) = self.take_out(&wallet)
        {
            self.put_in(Entry { worker: *worker, ..entry });
        }
    }

    fn put_in(&mut self, entry: Entry) {
        let (wallet, tier) = (entry.enrolment.wallet, entry.enrolment.offer.gpu_tier);
        let place = (Reverse(entry.worker.reputation.tested().0), wallet);
        for tier in [0, tier] {
            self.order.entry(tier).or_default().insert(place);
        }
        self.active += usize::from(entry.enrolment.state == Activity::Active);
        self.entries.insert(wallet, entry);
    }

    fn take_out(&mut self, wallet: &Wallet) -> Option<Entry> {
        let entry = self.entries.remove(wallet)?;
        let place = (Reverse(entry.worker.reputation.tested().0), *wallet);
        for tier in [0, entry.enrolment.offer.gpu_tier] {
            if let Some(order) = self.order.get_mut(&tier) {
                order.remove(&place);
            }
        }
        self.active -= usize::from(entry.enrolment.state == Activity::Active);
        Some(entry)
    }

    /// Those of a class, or all, the best first.
    pub(crate) fn page(&self, tier: Option<u8>, skip: usize, limit: usize) -> Vec<(Arc<Enrolment>, Worker)> {
        let order = self.order.get(&tier.unwrap_or(0)).into_iter().flatten();
        order.skip(skip).take(limit).filter_map(|(_, wallet)| self.get(wallet)).collect()
    }

    /// How many there are of a class, or of all.
    pub(crate) fn count(&self, tier: Option<u8>) -> usize {
        self.order.get(&tier.unwrap_or(0)).map_or(0, BTreeSet::len)
    }

    /// Somebody by a number; with numbers at random, everybody is as likely as others. `None` if there is nobody.
    pub(crate) fn at(&self, number: u64) -> Option<(Arc<Enrolment>, Worker)> {
        let count = u64::try_from(self.all.len()).ok().filter(|count| *count > 0)?;
        let wallet = self.all.get(usize::try_from(number % count).ok()?)?;
        self.get(wallet)
    }

    /// How many may have jobs.
    pub(crate) fn active(&self) -> usize {
        self.active
    }

    /// Each class that somebody has, with how many have it.
    pub(crate) fn tiers(&self) -> BTreeMap<u8, usize> {
        let tiers = self.order.iter().filter(|(tier, order)| **tier > 0 && !order.is_empty());
        tiers.map(|(tier, order)| (*tier, order.len())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::enrolment::Offer;
    use docket_core::id::Version;
    use docket_core::reputation::Evidence;
    use docket_core::time::Timestamp;

    fn enrolment(number: u8, gpu_tier: u8, version: u64) -> (Enrolment, Worker) {
        let wallet = Wallet([number; 20]);
        let worker = WorkerId::of_wallet(&wallet);
        let offer = Offer { endpoint: None, gpu_tier, models: Vec::new(), concurrency: 1 };
        let enrolment = Enrolment {
            wallet,
            worker,
            offer,
            state: Activity::Active,
            enrolled_at: Timestamp(0),
            said_at: Timestamp(0),
            version: Version(version),
        };
        (enrolment, Worker::unknown(worker))
    }

    fn order(roll: &Roll, tier: Option<u8>) -> Vec<u8> {
        roll.page(tier, 0, 9).iter().map(|(enrolment, _)| enrolment.wallet.0[0]).collect()
    }

    #[test]
    fn the_best_come_first_and_each_stands_in_its_class() {
        let mut roll = Roll::default();
        for (number, tier) in [(1, 1), (2, 2), (3, 2)] {
            let (enrolment, worker) = enrolment(number, tier, 1);
            roll.learn(enrolment, worker);
        }
        assert_eq!((order(&roll, None), order(&roll, Some(2))), (vec![1, 2, 3], vec![2, 3]));
        let (_, worker) = enrolment(3, 2, 1);
        roll.learn_of(&worker.after(Evidence::Challenged { passed: true }, Timestamp(0)));
        assert_eq!((order(&roll, None), order(&roll, Some(2))), (vec![3, 1, 2], vec![3, 2]));
        let (changed, worker) = enrolment(3, 1, 2);
        roll.learn(changed, worker);
        assert_eq!((roll.count(None), roll.count(Some(2)), roll.active()), (3, 1, 3));
        let (late, worker) = enrolment(3, 2, 1);
        roll.learn(late, worker);
        assert_eq!(
            roll.tiers(),
            BTreeMap::from([(1, 2), (2, 1)]),
            "what was written before is known no more"
        );
    }
}
