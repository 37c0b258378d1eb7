//! The real database behind a wrapper: slow, and now and then broken.

use super::dice::Dice;
use docket_core::agent::capital::Worth;
use docket_core::agent::identity::Agent;
use docket_core::agent::identity::Wallet;
use docket_core::agent::offer::Offer;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::change::Claim;
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId};
use docket_core::id::{AgentId, ClientId, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use docket_store::backend::{Backend, Loaded, Needs, Resumed, Seen};
use docket_store::{
    AgentFilter, Answer, BalanceRow, Batch, Cursor, DeliveryRow, FeedRow, HireRow, JobFilter, JournalRow,
    KeyJobs, KeyRow, NoticeRow, Page, Read, Reader, SnapshotRow, SpendingRow, StoreError, Stretch,
    TransferRow,
};
use futures::FutureExt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

/// How the disk behaves.
#[derive(Clone)]
pub(crate) struct Weather(Arc<Mutex<State>>);

struct State {
    dice: Dice,
    calm: bool,
    next_write: NextWrite,
    /// Whether nobody who starts learns what hooks are to be told. A planted fault.
    forgets_hooks: bool,
}

/// What becomes of the next group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NextWrite {
    /// It is written.
    Written,
    /// It fails, and is not on disk.
    Lost,
    /// It fails, and is on disk nevertheless.
    Unknown,
    /// It is not on disk, and is answered as if it were. No disk may do this: a planted fault.
    Pretended,
}

impl Weather {
    pub(crate) fn seeded(seed: u64, forgets_hooks: bool) -> Self {
        let next_write = NextWrite::Written;
        let state = State { dice: Dice::seeded(seed), calm: true, next_write, forgets_hooks };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with this lock")
    }

    /// Whether reads succeed, from now on, and at once.
    pub(crate) fn set_calm(&self, calm: bool) {
        self.state().calm = calm;
    }

    pub(crate) fn set_next_write(&self, next: NextWrite) {
        self.state().next_write = next;
    }

    /// How often a read lets others go first, and whether it fails.
    fn read(&self) -> (u64, bool) {
        let mut state = self.state();
        if state.calm {
            return (0, false);
        }
        (state.dice.below(3), state.dice.percent(1))
    }
}

/// The writer's half.
pub(crate) struct WeatheredBackend {
    pub(crate) inner: Box<dyn Backend>,
    pub(crate) weather: Weather,
}

impl Backend for WeatheredBackend {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.inner.resume()
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        match self.weather.read() {
            (_, true) => Err(broken()),
            _ => self.inner.load(needs),
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        match self.weather.state().next_write {
            NextWrite::Written => self.inner.write(batch),
            NextWrite::Lost => Err(broken()),
            NextWrite::Unknown => self.inner.write(batch).and(Err(broken())),
            NextWrite::Pretended => Ok(Seen::Now),
        }
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.inner.apply(batch)
    }

    fn show(&mut self) -> Result<(), StoreError> {
        self.inner.show()
    }
}

fn broken() -> StoreError {
    StoreError::Failed("the simulated disk is broken".to_owned())
}

/// The readers' half.
pub(crate) struct WeatheredReader {
    pub(crate) inner: Arc<dyn Reader>,
    pub(crate) weather: Weather,
}

impl WeatheredReader {
    fn after<'a, T: 'a>(
        &'a self,
        read: impl FnOnce(&'a dyn Reader) -> Read<'a, T> + Send + 'a,
    ) -> Read<'a, T> {
        let (waits, fails) = self.weather.read();
        async move {
            for _ in 0..waits {
                let_others_go_first().await;
            }
            if fails { Err(broken()) } else { read(&*self.inner).await }
        }
        .boxed()
    }
}

pub(crate) async fn let_others_go_first() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Reader for WeatheredReader {
    fn job(&self, id: JobId) -> Read<'_, Option<Arc<Job>>> {
        self.after(move |reader| reader.job(id))
    }

    fn find<'a>(&'a self, id: &'a PublicId) -> Read<'a, Option<Arc<Job>>> {
        self.after(move |reader| reader.find(id))
    }

    fn jobs<'a>(&'a self, filter: &'a JobFilter) -> Read<'a, Vec<Arc<Job>>> {
        self.after(move |reader| reader.jobs(filter))
    }

    fn jobs_of_key<'a>(&'a self, which: &'a KeyJobs<'a>, cursor: Cursor, limit: u32) -> Read<'a, Stretch> {
        self.after(move |reader| reader.jobs_of_key(which, cursor, limit))
    }

    fn payload(&self, id: JobId) -> Read<'_, Option<Arc<[u8]>>> {
        self.after(move |reader| reader.payload(id))
    }

    fn echo(&self, id: JobId) -> Read<'_, Option<Arc<str>>> {
        self.after(move |reader| reader.echo(id))
    }

    fn answer(&self, id: JobId) -> Read<'_, Option<Answer>> {
        self.after(move |reader| reader.answer(id))
    }

    fn journal(&self, id: JobId) -> Read<'_, Vec<JournalRow>> {
        self.after(move |reader| reader.journal(id))
    }

    fn job_transfers(&self, job: JobId) -> Read<'_, Vec<TransferRow>> {
        self.after(move |reader| reader.job_transfers(job))
    }

    fn worker(&self, id: WorkerId) -> Read<'_, Option<Worker>> {
        self.after(move |reader| reader.worker(id))
    }

    fn workers(&self, after: Option<WorkerId>) -> Read<'_, Vec<Worker>> {
        self.after(move |reader| reader.workers(after))
    }

    fn claim<'a>(&'a self, key: &'a str) -> Read<'a, Option<Claim>> {
        self.after(move |reader| reader.claim(key))
    }

    fn pairing(&self, code: Sha256) -> Read<'_, Option<Pairing>> {
        self.after(move |reader| reader.pairing(code))
    }

    fn trusted<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Trust>> {
        self.after(move |reader| reader.trusted(client))
    }

    fn key(&self, number: KeyNumber) -> Read<'_, Option<ApiKey>> {
        self.after(move |reader| reader.key(number))
    }

    fn keys<'a>(
        &'a self,
        client: Option<&'a ClientId>,
        after: Option<KeyNumber>,
        day: Period,
    ) -> Read<'a, Vec<KeyRow>> {
        self.after(move |reader| reader.keys(client, after, day))
    }

    fn spending(&self, key: KeyNumber, period: Period) -> Read<'_, Option<SpendingRow>> {
        self.after(move |reader| reader.spending(key, period))
    }

    fn spendings(&self, after: Option<(KeyNumber, Period)>) -> Read<'_, Vec<SpendingRow>> {
        self.after(move |reader| reader.spendings(after))
    }

    fn hooks<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Hook>> {
        self.after(move |reader| reader.hooks(client))
    }

    fn hook(&self, id: HookId) -> Read<'_, Option<Hook>> {
        self.after(move |reader| reader.hook(id))
    }

    fn deliveries(&self, hook: HookId, before: Option<i64>, limit: u32) -> Read<'_, Vec<DeliveryRow>> {
        self.after(move |reader| reader.deliveries(hook, before, limit))
    }

    fn delivery(&self, id: EventId) -> Read<'_, Option<DeliveryRow>> {
        self.after(move |reader| reader.delivery(id))
    }

    fn due_deliveries(&self, hook: HookId, now: Timestamp, limit: u32) -> Read<'_, Vec<Delivery>> {
        self.after(move |reader| reader.due_deliveries(hook, now, limit))
    }

    fn agent(&self, id: AgentId) -> Read<'_, Option<Agent>> {
        self.after(move |reader| reader.agent(id))
    }

    fn agents<'a>(&'a self, filter: &'a AgentFilter, page: Page) -> Read<'a, (Vec<Agent>, u64)> {
        self.after(move |reader| reader.agents(filter, page))
    }

    fn agent_standing(&self, id: AgentId) -> Read<'_, Option<Standing>> {
        self.after(move |reader| reader.agent_standing(id))
    }

    fn offer(&self, job: JobId, agent: AgentId) -> Read<'_, Option<Offer>> {
        self.after(move |reader| reader.offer(job, agent))
    }

    fn offers(&self, job: JobId, limit: u32) -> Read<'_, Vec<Offer>> {
        self.after(move |reader| reader.offers(job, limit))
    }

    fn snapshots(&self, job: JobId, page: Page) -> Read<'_, Vec<SnapshotRow>> {
        self.after(move |reader| reader.snapshots(job, page))
    }

    fn count_snapshots(&self, job: JobId, worth: Option<Worth>) -> Read<'_, u64> {
        self.after(move |reader| reader.count_snapshots(job, worth))
    }

    fn hire_rows(&self, after: Option<u32>) -> Read<'_, Vec<HireRow>> {
        self.after(move |reader| reader.hire_rows(after))
    }

    fn feed(&self, after: i64, limit: u32) -> Read<'_, Vec<FeedRow>> {
        self.after(move |reader| reader.feed(after, limit))
    }

    fn last_fed(&self) -> Read<'_, i64> {
        self.after(move |reader| reader.last_fed())
    }

    fn tallies(&self, first: i64, last: i64) -> Read<'_, Vec<((Tally, i64), i128)>> {
        self.after(move |reader| reader.tallies(first, last))
    }

    fn count_agents(&self) -> Read<'_, u64> {
        self.after(move |reader| reader.count_agents())
    }

    fn enrolment(&self, wallet: Wallet) -> Read<'_, Option<Enrolment>> {
        self.after(move |reader| reader.enrolment(wallet))
    }

    fn enrolments(&self, after: Option<Wallet>) -> Read<'_, Vec<Enrolment>> {
        self.after(move |reader| reader.enrolments(after))
    }

    fn open_challenges(&self) -> Read<'_, Vec<Challenge>> {
        self.after(move |reader| reader.open_challenges())
    }

    fn challenges(&self, wallet: Wallet, limit: u32) -> Read<'_, Vec<Challenge>> {
        self.after(move |reader| reader.challenges(wallet, limit))
    }

    fn references<'a>(&'a self, model: &'a str, after: Timestamp, limit: u32) -> Read<'a, Vec<Reference>> {
        self.after(move |reader| reader.references(model, after, limit))
    }

    fn notices(&self, before: i64, limit: u32) -> Read<'_, Vec<NoticeRow>> {
        self.after(move |reader| reader.notices(before, limit))
    }

    fn last_notice(&self) -> Read<'_, i64> {
        self.after(move |reader| reader.last_notice())
    }

    fn next_delivery(&self, hook: HookId) -> Read<'_, Option<Timestamp>> {
        self.after(move |reader| reader.next_delivery(hook))
    }

    fn waiting_hooks(&self) -> Read<'_, Vec<(HookId, Timestamp)>> {
        if self.weather.state().forgets_hooks {
            return std::future::ready(Ok(Vec::new())).boxed();
        }
        self.after(move |reader| reader.waiting_hooks())
    }

    fn ended_deliveries(&self, before: Timestamp) -> Read<'_, Vec<Delivery>> {
        self.after(move |reader| reader.ended_deliveries(before))
    }

    fn balances<'a>(&'a self, after: Option<&'a str>) -> Read<'a, Vec<BalanceRow>> {
        self.after(move |reader| reader.balances(after))
    }

    fn balance<'a>(&'a self, account: &'a Account) -> Read<'a, Vec<BalanceRow>> {
        self.after(move |reader| reader.balance(account))
    }

    fn statement<'a>(&'a self, account: &'a Account, before: Option<i64>) -> Read<'a, Vec<TransferRow>> {
        self.after(move |reader| reader.statement(account, before))
    }

    fn transfers(&self, after: i64) -> Read<'_, Vec<TransferRow>> {
        self.after(move |reader| reader.transfers(after))
    }

    fn log_hashes(&self, level: u8, first: u64, count: u64) -> Read<'_, Vec<Hash>> {
        self.after(move |reader| reader.log_hashes(level, first, count))
    }

    fn log_entries(&self, first: u64, count: u64) -> Read<'_, Vec<Vec<u8>>> {
        self.after(move |reader| reader.log_entries(first, count))
    }

    fn log_index<'a>(&'a self, id: JobId, event: &'a str) -> Read<'a, Option<u64>> {
        self.after(move |reader| reader.log_index(id, event))
    }
}
