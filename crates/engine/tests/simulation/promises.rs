//! What anybody was ever told, and whether it is still true.

use super::Found;
use super::books::Books;
use super::coordinator::Coordinator;
use super::orders::{Order, client};
use super::workers::Genuine;
use docket_core::event::Voucher;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{Attempt, ClientId, Doer, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_engine::Submitted;
use docket_store::{Answer, JobFilter};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that was told.
#[derive(Default)]
pub(crate) struct Promises {
    /// To clients: these jobs are made, and, if they looked, this is what they saw.
    pub(crate) jobs: BTreeMap<PublicId, Option<(u64, Seen)>>,
    /// By key: the job, and how often it was said to be new.
    keys: BTreeMap<Arc<str>, (PublicId, u32)>,
    /// To workers: you have this job, under this attempt.
    pub(crate) issued: BTreeSet<(Arc<str>, WorkerId, Attempt)>,
    /// To workers: your work is accepted, and stands in the log here.
    pub(crate) settled: BTreeMap<Arc<str>, (WorkerId, Option<u64>)>,
    /// To clients: this worker is trusted.
    pub(crate) trusted: BTreeSet<(ClientId, WorkerId)>,
    /// By workers: receipts that tell the truth.
    pub(crate) genuine: Genuine,
    pub(crate) credits: Vec<Credit>,
}

/// What a client saw when he looked at a job.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) job: Arc<Job>,
    pub(crate) answer: Option<Answer>,
}

/// Money that the operator credits. Each amount is used once, so that it can be told from all others.
pub(crate) struct Credit {
    pub(crate) client: u64,
    pub(crate) units: u128,
    pub(crate) told: bool,
}

impl Promises {
    /// A client was told that his order has become a job.
    pub(crate) fn made(&mut self, order: &Order, submitted: &Submitted) -> Found {
        let Submitted { id, repeated, .. } = submitted;
        let known = self.jobs.contains_key(id);
        if let Some((key, _)) = &order.new.key {
            let (made, firsts) = self.keys.entry(key.clone()).or_insert_with(|| (id.clone(), 0));
            *firsts += u32::from(!repeated);
            if made != id || *firsts > 1 {
                return Err(format!("{key} made {made:?} and {id:?}, {firsts} of them new"));
            }
        } else if known || *repeated {
            return Err(format!("an order without a key was answered with the old job {id:?}"));
        }
        self.jobs.entry(id.clone()).or_default();
        Ok(())
    }

    /// A client saw how a job stands: he began to look when `since` answers had been read, and `now` it are so
    /// many. What others were told before he began must still be true.
    pub(crate) fn saw(&mut self, id: &PublicId, seen: Option<Seen>, since: u64, now: u64) -> Found {
        let Some(seen) = seen else { return Err(format!("{id:?} was promised and is not there")) };
        let before = self.jobs.entry(id.clone()).or_default();
        if let Some((told, before)) = before
            && *told <= since
        {
            before.check(&seen)?;
        }
        let told = before.as_ref().is_some_and(|(told, _)| *told > since);
        if seen.job.state.is_answered() && !told {
            *before = Some((now, seen));
        }
        Ok(())
    }

    /// Compares all that was told with what is on disk.
    pub(crate) fn verify(&mut self, coordinator: &Coordinator, books: &Books, orders: &[Order]) -> Found {
        for id in self.jobs.keys().cloned().collect::<Vec<_>>() {
            let job = coordinator.read(|reader| reader.find(&id));
            let answer = job.as_ref().and_then(|job| coordinator.read(|reader| reader.answer(job.id)));
            self.saw(&id, job.map(|job| Seen { job, answer }), u64::MAX, 0)?;
        }
        let mut made: BTreeMap<Arc<str>, PublicId> = BTreeMap::new();
        for job in all_jobs(coordinator).into_iter().filter(|job| job.hire.is_none()) {
            self.verify_job(coordinator, &job)?;
            let payload = coordinator.read(|reader| reader.payload(job.id)).unwrap_or_default();
            if job.is_challenge() && super::nodes::is_question(&payload) {
                continue;
            }
            let order = Order::number(&payload).and_then(|number| orders.get(number));
            let order = order.ok_or_else(|| format!("nobody ordered {:?}", job.public_id))?;
            if (&order.new.client, order.new.price) != (&job.client, job.price) {
                return Err(format!("{:?} is not what was ordered", job.public_id));
            }
            if let Some((key, _)) = &order.new.key
                && let Some(other) = made.insert(key.clone(), job.public_id.clone())
            {
                return Err(format!("{key} made {other:?} and {:?}", job.public_id));
            }
        }
        self.verify_parties(coordinator, books)
    }

    /// Whatever was delivered was delivered by who had the job, with a receipt that tells the truth.
    fn verify_job(&self, coordinator: &Coordinator, job: &Job) -> Found {
        let Some(delivery) = job.delivery() else { return Ok(()) };
        let name = job.public_id.text.clone();
        let worker = delivery.worker().ok_or_else(|| format!("{name} was delivered by no worker"))?;
        if !self.issued.contains(&(name.clone(), worker, delivery.attempt)) {
            return Err(format!("{worker:?} delivered {name} without having it as {:?}", delivery.attempt));
        }
        // For a part the coordinator vouches; what it is made of is compared when it is settled.
        let whole = delivery.voucher == Voucher::Worker;
        if whole
            && !self.genuine.contains(&(name.clone(), worker, Sha256(delivery.output.0), delivery.receipt))
        {
            return Err(format!("{name} was delivered by {worker:?} without a valid receipt"));
        }
        let answer = coordinator.read(|reader| reader.answer(job.id));
        let stored = answer.map(|answer| ContentHash::from(Sha256::of(&answer.output)));
        if stored == Some(delivery.output) { Ok(()) } else { Err(format!("the output of {name} is another")) }
    }

    fn verify_parties(&self, coordinator: &Coordinator, books: &Books) -> Found {
        for (name, (worker, index)) in &self.settled {
            let job =
                all_named(coordinator, name).ok_or_else(|| format!("{name} was settled and is gone"))?;
            if job.delivery().is_none_or(|delivery| delivery.by != Doer::Worker(*worker)) {
                return Err(format!(
                    "{worker:?} was told that {name} is settled, and it is {}",
                    job.state.name()
                ));
            }
            if let Some(index) = index {
                books.check_settlement(*index, name)?;
            }
        }
        for (client, worker) in &self.trusted {
            let trusted = coordinator.read(|reader| reader.trusted(client));
            if !trusted.iter().any(|trust| trust.worker == *worker) {
                return Err(format!("{client:?} trusted {worker:?}"));
            }
        }
        for Credit { client: number, units, told } in &self.credits {
            let account = Account::Client(client(*number)).to_string();
            let times = books.credited.get(&(account.clone(), *units)).copied().unwrap_or_default();
            if times > 1 || (*told && times == 0) {
                return Err(format!("{units} were credited {times} times to {account}"));
            }
        }
        Ok(())
    }
}

impl Seen {
    /// An answer never changes, and what is final stays as it is.
    fn check(&self, now: &Self) -> Found {
        let id = &self.job.public_id;
        if self.job.state.is_final() && self.job != now.job {
            return Err(format!("{id:?} was {:?} and is {:?}", self.job.state, now.job.state));
        }
        if !now.job.state.is_answered()
            || self.job.delivery() != now.job.delivery()
            || self.answer != now.answer
        {
            return Err(format!(
                "{id:?} was answered as {:?} and now as {:?}",
                self.job.state, now.job.state
            ));
        }
        Ok(())
    }
}

/// Every job on disk.
pub(crate) fn all_jobs(coordinator: &Coordinator) -> Vec<Arc<Job>> {
    let mut jobs: Vec<Arc<Job>> = Vec::new();
    let mut before: Option<JobId> = None;
    loop {
        let filter = JobFilter { client: None, before, limit: 100 };
        let page = coordinator.read(|reader| reader.jobs(&filter));
        let Some(last) = page.last() else { return jobs };
        before = Some(last.id);
        jobs.extend(page);
    }
}

fn all_named(coordinator: &Coordinator, name: &Arc<str>) -> Option<Arc<Job>> {
    docket_core::id::Dialect::ALL.into_iter().find_map(|dialect| {
        let id = PublicId { dialect, text: name.clone() };
        coordinator.read(|reader| reader.find(&id))
    })
}
