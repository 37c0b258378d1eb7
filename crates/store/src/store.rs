//! The store as everybody else sees it: commit a change, read what is durable.

mod agents;
mod challenges;
mod enrolments;

use crate::backend::{Backend, Resumed};
use crate::batch::Write;
use crate::error::{CommitError, StoreError};
use crate::hires::Hires;
use crate::hot::{Hot, Standing};
use crate::known::Lately;
use crate::later::{Kept, Later};
use crate::pending::{Haste, Outcome, Pending, gone};
use crate::places::LogPlace;
use crate::published::Published;
use crate::read::{
    Answer, BalanceRow, Cursor, DeliveryRow, JobFilter, JournalRow, KeyJobs, KeyRow, Reader, SpendingRow,
    Stretch, TransferRow,
};
use crate::recent::Recent;
use crate::stage::Stage;
use crate::writer::{Request, Waiting, Writer};
use docket_core::change::{Claim, JobChange};
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId};
use docket_core::id::{AgentId, ClientId, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::money::Asset;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How many writes may wait. Beyond it, callers wait before they are let into the queue.
const QUEUE: usize = 4_096;

/// What a committed change left behind.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The job as it is now, if the change was about one.
    pub job: Option<Arc<Job>>,
    /// The place of the change in the log, if it is logged.
    pub log_index: Option<u64>,
    /// The hooks that are to be told of it.
    pub listeners: Vec<HookId>,
    /// The worker of whom it says something, as it is now, if it has ever registered.
    pub worker: Option<Worker>,
}

impl Committed {
    /// Of a change that only memory needs.
    pub(crate) fn at_once(job: &JobChange) -> Self {
        Self { job: Some(job.after.clone()), log_index: None, listeners: Vec::new(), worker: None }
    }
}

/// What the writer tells and keeps for everybody.
#[derive(Clone, Default)]
pub(crate) struct Shared {
    pub(crate) hot: Arc<Hot>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) lately: Arc<Lately>,
    pub(crate) later: Arc<Later>,
    pub(crate) hires: Arc<Hires>,
    pub(crate) published: Arc<Published>,
}

/// The durable state of one coordinator.
#[derive(Clone)]
pub struct Store {
    /// Dropped before the queue: the writer, which ends with the queue, is then the last to close the
    /// database, and leaves all of it in one file.
    reader: Arc<dyn Reader>,
    queue: mpsc::Sender<Request>,
    hot: Arc<Hot>,
    recent: Arc<Recent>,
    lately: Arc<Lately>,
    later: Arc<Later>,
    hires: Arc<Hires>,
    published: Arc<Published>,
    start: Start,
}

/// What the store knew when it was opened.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Counts the starts of the coordinator on this store.
    pub epoch: u32,
    /// The greatest id that a job had.
    pub last_job: Option<JobId>,
    /// The greatest number that an agent had.
    pub last_agent: Option<AgentId>,
    /// The greatest number that a job had for which one agent hires another.
    pub last_hire: Option<u64>,
}

impl Store {
    /// A store over a database, and the writer that somebody must run or pump.
    pub fn open(
        mut backend: Box<dyn Backend>,
        reader: Arc<dyn Reader>,
    ) -> Result<(Self, Writer), StoreError> {
        let resumed = backend.resume()?;
        let Resumed { epoch, last_job, last_agent, last_hire, .. } = resumed;
        let start = Start { epoch, last_job, last_agent, last_hire };
        let (queue, requests) = mpsc::channel(QUEUE);
        let shared = Shared::default();
        let writer = Writer::new(backend, requests, shared.clone(), resumed)?;
        let Shared { hot, recent, lately, later, hires, published } = shared;
        Ok((Self { queue, hot, recent, lately, later, hires, published, reader, start }, writer))
    }

    /// What was known when the store was opened.
    pub const fn start(&self) -> Start {
        self.start
    }

    /// Writes a change, all or nothing, provided that all it relied on still stands.
    ///
    /// What must be durable is durable when this returns; what only memory needs stands at once.
    pub async fn commit(&self, write: Write) -> Result<Committed, CommitError> {
        self.begin(write, Haste::AtOnce).await?.end().await
    }

    /// Hands a change to the writer. It is judged before all that is handed over after this; only what has no haste
    /// may go before something that has, and is not ended.
    pub async fn begin(&self, write: Write, haste: Haste) -> Result<Pending, CommitError> {
        if let Some(reason) = self.stopped() {
            return Err(StoreError::Stopped(reason.to_owned()).into());
        }
        if let (false, Some(job)) = (write.change.is_durable(), &write.change.job) {
            match self.hot.apply_at_once(job) {
                Standing::Current => return Ok(Pending(Outcome::Known(Box::new(Committed::at_once(job))))),
                Standing::Outdated | Standing::Absent => return Err(CommitError::Conflict),
                Standing::Busy => {} // It waits for its turn behind the write.
            }
        }
        crate::texts::check(&write)?;
        let (answer, durable) = oneshot::channel();
        let mut waiting = Waiting { write, haste, answer };
        if haste == Haste::None {
            match self.later.keep(waiting) {
                Kept::InTime => return Ok(Pending(Outcome::Awaited(durable))),
                Kept::WakeWriter => {
                    self.hurry().await?;
                    return Ok(Pending(Outcome::Awaited(durable)));
                }
                Kept::Full(back) => waiting = back,
            }
        }
        self.queue.send(Request::Write(waiting)).await.map_err(|_| gone())?;
        Ok(Pending(Outcome::Awaited(durable)))
    }

    /// Has written at once what could wait.
    pub async fn hurry(&self) -> Result<(), StoreError> {
        self.queue.send(Request::Hurry).await.map_err(|_| gone())
    }

    /// Who reads, once there is to be seen all that was acknowledged.
    async fn reader(&self) -> Result<&dyn Reader, StoreError> {
        if self.published.hides() {
            if let Some(reason) = self.stopped() {
                return Err(StoreError::Stopped(reason.to_owned()));
            }
            let (answer, shown) = oneshot::channel();
            self.queue.send(Request::Show(answer)).await.map_err(|_| gone())?;
            shown.await.map_err(|_| gone())??;
        }
        Ok(&*self.reader)
    }

    /// Why the store accepts nothing any more, if so.
    pub fn stopped(&self) -> Option<&str> {
        self.published.stopped()
    }

    /// Has this called once the store has stopped, even if nobody writes. It is called by the writer, perhaps twice, and
    /// must not wait; only the first that is given counts.
    pub fn when_stopped(&self, heir: impl Fn() + Send + Sync + 'static) {
        self.published.tell_stopped(heir);
    }

    /// The size and the root of the log, as far as it is durable.
    pub fn log(&self) -> (u64, Hash) {
        self.published.log()
    }

    /// An open job, from memory.
    pub fn open_job(&self, id: JobId) -> Option<Arc<Job>> {
        self.hot.get(id)
    }

    /// Every open job, by id.
    pub fn open_jobs(&self) -> Vec<Arc<Job>> {
        self.hot.all()
    }

    /// How many jobs are open.
    pub fn open_count(&self) -> usize {
        self.hot.len()
    }

    /// What a client's jobs have in escrow, in minor units: not what was charged and is not paid out yet.
    pub fn held(&self, client: &ClientId, asset: Asset) -> u128 {
        self.hot.held(client, asset)
    }

    /// A job, open or final.
    pub async fn job(&self, id: JobId) -> Result<Option<Arc<Job>>, StoreError> {
        match self.hot.get(id).or_else(|| self.recent.job(id)) {
            Some(job) => Ok(Some(job)),
            // What readers do not see yet is in memory.
            None => self.reader.job(id).await,
        }
    }

    /// A job by the name that its dialect shows.
    pub async fn find(&self, id: &PublicId) -> Result<Option<Arc<Job>>, StoreError> {
        match self.hot.find(id).or_else(|| self.recent.find(id)) {
            Some(job) => Ok(Some(job)),
            None => self.reader.find(id).await,
        }
    }

    /// Jobs, the newest first. At most 100.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Arc<Job>>, StoreError> {
        Ok(self.with_holders(self.reader().await?.jobs(filter).await?))
    }

    /// Jobs that were asked for under a key, as far as they were found in one go: at most 100, among a bounded number
    /// that was looked at.
    pub async fn jobs_of_key(
        &self,
        which: &KeyJobs<'_>,
        cursor: Cursor,
        limit: u32,
    ) -> Result<Stretch, StoreError> {
        if let Some(Stage::Waiting | Stage::Running) = which.stage {
            return Ok(self.hot.unanswered(which, cursor, limit));
        }
        let Stretch { jobs, rest } = self.reader().await?.jobs_of_key(which, cursor, limit).await?;
        let mut jobs = self.with_holders(jobs);
        jobs.retain(|job| which.fits(job)); // Some have changed since they were read.
        Ok(Stretch { jobs, rest })
    }

    /// Jobs from the disk, which does not know who has them.
    fn with_holders(&self, mut jobs: Vec<Arc<Job>>) -> Vec<Arc<Job>> {
        for job in &mut jobs {
            // The disk may be ahead by a group that is not published yet.
            if let Some(hot) = self.hot.get(job.id).filter(|hot| hot.version > job.version) {
                *job = hot;
            }
        }
        jobs
    }

    /// What the client asked.
    pub async fn payload(&self, id: JobId) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.reader().await?.payload(id).await
    }

    /// What the answer repeats of the request, where that is kept.
    pub async fn echo(&self, id: JobId) -> Result<Option<Arc<str>>, StoreError> {
        self.reader().await?.echo(id).await
    }

    /// What the worker answered.
    pub async fn answer(&self, id: JobId) -> Result<Option<Answer>, StoreError> {
        match self.recent.answer(id) {
            Some(answer) => Ok(Some(answer)),
            None => self.reader().await?.answer(id).await,
        }
    }

    /// What happened to a job, in order.
    pub async fn journal(&self, id: JobId) -> Result<Vec<JournalRow>, StoreError> {
        self.reader().await?.journal(id).await
    }

    /// Where the log has what happened to a job, in order.
    pub async fn log_places(&self, id: JobId) -> Result<Vec<LogPlace>, StoreError> {
        match self.recent.places.of(id) {
            Some(places) => Ok(places),
            None => Ok(self.journal(id).await?.into_iter().filter_map(LogPlace::of).collect()),
        }
    }

    /// The transfers of everything that happened to a job, in order.
    pub async fn job_transfers(&self, job: JobId) -> Result<Vec<TransferRow>, StoreError> {
        self.reader().await?.job_transfers(job).await
    }

    /// A worker that has ever connected.
    pub async fn worker(&self, id: WorkerId) -> Result<Option<Worker>, StoreError> {
        self.reader().await?.worker(id).await
    }

    /// Workers in the order of their keys, from after a key. At most 100.
    pub async fn workers(&self, after: Option<WorkerId>) -> Result<Vec<Worker>, StoreError> {
        self.reader().await?.workers(after).await
    }

    /// What a unique key was used for.
    pub async fn claim(&self, key: &str) -> Result<Option<Claim>, StoreError> {
        self.reader().await?.claim(key).await
    }

    /// A pairing by the digest of its code.
    pub async fn pairing(&self, code: Sha256) -> Result<Option<Pairing>, StoreError> {
        self.reader().await?.pairing(code).await
    }

    /// The workers that a client trusts.
    pub async fn trusted(&self, client: &ClientId) -> Result<Vec<Trust>, StoreError> {
        self.reader().await?.trusted(client).await
    }

    /// An API key, in use or revoked.
    pub async fn key(&self, id: KeyId) -> Result<Option<Arc<ApiKey>>, StoreError> {
        let key = match self.lately.keys.get(&id.number()) {
            Ok(key) => Some(key),
            Err(moment) => {
                let key = self.reader().await?.key(id.number()).await?.map(Arc::new);
                key.inspect(|key| self.lately.keys.keep(key.number(), key.clone(), moment))
            }
        };
        // Another key may have the same number.
        Ok(key.filter(|key| key.id == id))
    }

    /// An API key by its number, from disk.
    pub async fn key_numbered(&self, number: KeyNumber) -> Result<Option<ApiKey>, StoreError> {
        self.reader().await?.key(number).await
    }

    /// API keys in the order of their numbers, from after one, with what they have spent on a day and
    /// in all. At most 100.
    pub async fn keys(
        &self,
        client: Option<&ClientId>,
        after: Option<KeyNumber>,
        day: Period,
    ) -> Result<Vec<KeyRow>, StoreError> {
        self.reader().await?.keys(client, after, day).await
    }

    /// What a key has spent over a period; `None` if it is nothing yet.
    pub async fn spending(&self, key: KeyNumber, period: Period) -> Result<Option<SpendingRow>, StoreError> {
        self.reader().await?.spending(key, period).await
    }

    /// What keys have spent, in the order of the texts of key and period, from after one. At most 100.
    pub async fn spendings(
        &self,
        after: Option<(KeyNumber, Period)>,
    ) -> Result<Vec<SpendingRow>, StoreError> {
        self.reader().await?.spendings(after).await
    }

    /// The hooks of an account, the oldest first.
    pub async fn hooks(&self, client: &ClientId) -> Result<Arc<[Hook]>, StoreError> {
        match self.lately.hooks.get(client) {
            Ok(hooks) => Ok(hooks),
            Err(moment) => {
                let hooks: Arc<[Hook]> = self.reader().await?.hooks(client).await?.into();
                self.lately.hooks.keep(client.clone(), hooks.clone(), moment);
                Ok(hooks)
            }
        }
    }

    /// The same, if they were asked for lately.
    pub fn known_hooks(&self, client: &ClientId) -> Option<Arc<[Hook]>> {
        self.lately.hooks.get(client).ok()
    }

    /// A hook, whosever it is.
    pub async fn hook(&self, id: HookId) -> Result<Option<Hook>, StoreError> {
        self.reader().await?.hook(id).await
    }

    /// What a hook is told, the newest first, from before a number. At most 100.
    pub async fn deliveries(
        &self,
        hook: HookId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.reader().await?.deliveries(hook, before, limit).await
    }

    /// One of them.
    pub async fn delivery(&self, id: EventId) -> Result<Option<DeliveryRow>, StoreError> {
        self.reader().await?.delivery(id).await
    }

    /// What a hook is to be told by now, in the order in which it is due. At most 100.
    pub async fn due_deliveries(
        &self,
        hook: HookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.reader().await?.due_deliveries(hook, now, limit).await
    }

    /// When a hook is next to be told something.
    pub async fn next_delivery(&self, hook: HookId) -> Result<Option<Timestamp>, StoreError> {
        self.reader().await?.next_delivery(hook).await
    }

    /// Every hook that is to be told something, and when it next is.
    pub async fn waiting_hooks(&self) -> Result<Vec<(HookId, Timestamp)>, StoreError> {
        self.reader().await?.waiting_hooks().await
    }

    /// What was told, or given up, before an instant, the oldest first. At most 100.
    pub async fn ended_deliveries(&self, before: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        self.reader().await?.ended_deliveries(before).await
    }

    /// The balances of all accounts that are not a job's own, in the order of their names, from after
    /// one. At most 100 accounts, each with all its assets.
    pub async fn balances(&self, after: Option<&str>) -> Result<Vec<BalanceRow>, StoreError> {
        self.reader().await?.balances(after).await
    }

    /// The balances of one account, by asset.
    pub async fn balance(&self, account: &Account) -> Result<Vec<BalanceRow>, StoreError> {
        self.reader().await?.balance(account).await
    }

    /// The movements of an account, the newest first, before a transfer. At most 100.
    pub async fn statement(
        &self,
        account: &Account,
        before: Option<i64>,
    ) -> Result<Vec<TransferRow>, StoreError> {
        self.reader().await?.statement(account, before).await
    }

    /// Transfers in the order in which they were made, from after one. At most 10,000.
    pub async fn transfers(&self, after: i64) -> Result<Vec<TransferRow>, StoreError> {
        self.reader().await?.transfers(after).await
    }

    /// The hashes of a level of the log from `first` on, at most 256. Level 0 are the leaves.
    pub async fn log_hashes(&self, level: u8, first: u64, count: u64) -> Result<Vec<Hash>, StoreError> {
        self.reader().await?.log_hashes(level, first, count).await
    }

    /// The entries of the log from `first` on, at most 256.
    pub async fn log_entries(&self, first: u64, count: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        self.reader().await?.log_entries(first, count).await
    }

    /// The place in the log of a job's event.
    pub async fn log_index(&self, id: JobId, event: &str) -> Result<Option<u64>, StoreError> {
        self.reader().await?.log_index(id, event).await
    }
}
