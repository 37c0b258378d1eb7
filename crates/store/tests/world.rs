//! A store on some database, its writer pumped by the test, opened again as often as the test likes.

use crate::place::Place;
use crate::sample::{self, credit, write};
use docket_core::id::JobId;
use docket_core::job::Job;
use docket_core::key::{KeyId, Period};
use docket_core::ledger::{self, Account};
use docket_core::money::{Amount, Asset};
use docket_store::backend::{Backend, Connected, Loaded, Needs, Resumed, Seen};
use docket_store::writer::{Turn, Writer};
use docket_store::{Batch, CommitError, Committed, Read, Reader, Store, StoreError, TransferRow, Write};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a case plays with.
pub(crate) struct World {
    place: Box<dyn Place>,
    opened: Option<Opened>,
    credits: u32,
}

struct Opened {
    store: Store,
    writer: Writer,
    reader: Arc<dyn Reader>,
}

impl World {
    pub(crate) fn on(place: Box<dyn Place>) -> Self {
        let mut world = Self { place, opened: None, credits: 0 };
        world.reopen();
        world
    }

    /// Drops the store with all that was only in memory, and opens it again.
    pub(crate) fn reopen(&mut self) {
        self.reopen_with(|backend| backend);
    }

    /// The same, with something between the store and its database.
    pub(crate) fn reopen_with(&mut self, wrap: impl FnOnce(Box<dyn Backend>) -> Box<dyn Backend>) {
        self.opened = None;
        let Connected { backend, reader } = self.place.connect();
        let (store, writer) = Store::open(wrap(backend), reader.clone()).expect("the store can be opened");
        self.opened = Some(Opened { store, writer, reader });
    }

    fn opened(&mut self) -> &mut Opened {
        self.opened.as_mut().expect("a world is always open")
    }

    pub(crate) fn store(&self) -> &Store {
        &self.opened.as_ref().expect("a world is always open").store
    }

    /// What is on disk, without the help of memory.
    pub(crate) fn disk(&self) -> &dyn Reader {
        &*self.opened.as_ref().expect("a world is always open").reader
    }

    /// Lets the writer do what waits.
    pub(crate) fn pump(&mut self) -> Turn {
        self.opened().writer.pump()
    }

    /// The writer, for a thread of its own; the world is closed.
    pub(crate) fn take_writer(&mut self) -> (Store, Writer) {
        let Opened { store, writer, .. } = self.opened.take().expect("a world is always open");
        (store, writer)
    }

    /// Runs statements behind the store's back.
    pub(crate) fn meddle(&self, sql: &str) {
        self.place.meddle(sql);
    }

    /// Opens the store again without what was acknowledged and cannot be carried out any more.
    pub(crate) fn reopen_without(&mut self) {
        self.opened = None;
        self.place.give_up();
        self.reopen();
    }

    /// Closes the store and gives back its place.
    pub(crate) fn close(self) -> Box<dyn Place> {
        self.place
    }

    /// Commits one change.
    pub(crate) fn commit(&mut self, write: Write) -> Result<Committed, CommitError> {
        self.commit_all([write]).remove(0)
    }

    /// Commits changes that wait together, so that they come into one group if they fit.
    pub(crate) fn commit_all(
        &mut self,
        writes: impl IntoIterator<Item = Write>,
    ) -> Vec<Result<Committed, CommitError>> {
        let mut waiting: Vec<_> = writes.into_iter().map(|write| begin(self.store(), write)).collect();
        let mut answers: Vec<_> = waiting.iter_mut().map(poll).collect();
        while answers.iter().any(Option::is_none) {
            self.pump();
            for (answer, waiting) in answers.iter_mut().zip(&mut waiting) {
                *answer = answer.take().or_else(|| poll(waiting));
            }
        }
        answers.into_iter().flatten().collect()
    }

    /// Lets a job obey some words, each committed on its own.
    pub(crate) fn live(&mut self, job: Job, way: &str) -> Arc<Job> {
        way.split_whitespace().fold(Arc::new(job), |job, word| {
            let write = write(&job, word).unwrap_or_else(|refusal| panic!("{word}: {refusal}"));
            let committed = self.commit(write).unwrap_or_else(|error| panic!("{word}: {error}"));
            committed.job.expect("the change is about a job")
        })
    }

    /// Gives a client money.
    pub(crate) fn give(&mut self, name: &str, units: u128) {
        self.credits += 1;
        let key = format!("given {}", self.credits);
        let write = credit(sample::client(name), Amount::new(units, Asset::USDC), &key);
        self.commit(write).expect("money may come in");
    }

    /// The balance of an account in dollars.
    pub(crate) fn balance(&self, account: &Account) -> i128 {
        let rows = block_on(self.store().balance(account)).unwrap();
        rows.iter().find(|row| row.asset == "USDC").map_or(0, |row| row.units)
    }

    /// Every transfer, page by page.
    pub(crate) fn transfers(&self) -> Vec<TransferRow> {
        let mut all: Vec<TransferRow> = Vec::new();
        loop {
            let page = block_on(self.store().transfers(all.last().map_or(0, |last| last.id))).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// A job as it is on disk.
    pub(crate) fn on_disk(&self, id: JobId) -> Option<Arc<Job>> {
        now(self.disk().job(id))
    }

    /// Panics unless every balance is what the transfers make it, and every job holds what it should.
    pub(crate) fn check_books(&self) {
        let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
        for transfer in self.transfers() {
            let units = i128::try_from(transfer.amount.units).unwrap();
            let asset = transfer.amount.asset.name().to_owned();
            *sums.entry((transfer.from.to_string(), asset.clone())).or_default() -= units;
            *sums.entry((transfer.to.to_string(), asset)).or_default() += units;
        }
        for row in self.balances() {
            assert_eq!(sums.remove(&(row.account.clone(), row.asset)), Some(row.units), "{}", row.account);
        }
        for job in self.jobs() {
            let own = [(Account::Escrow(job.id), job.escrow), (Account::Vesting(job.id), job.vesting)];
            let staked = job.hire.iter().flat_map(|hire| hire.holdings(&job));
            let staked = staked.map(|(account, units)| (account, job.price.with_units(units)));
            for (account, amount) in own.into_iter().chain(staked) {
                let key = (account.to_string(), amount.asset.name().to_owned());
                assert_eq!(sums.remove(&key).unwrap_or_default(), i128::try_from(amount.units).unwrap());
            }
        }
        assert!(sums.is_empty(), "{sums:?} are in no book");
        self.check_keys();
    }

    /// Panics unless each key has spent what its jobs have cost so far, and no more than it may.
    fn check_keys(&self) {
        let jobs = self.jobs();
        let mut spent: BTreeMap<KeyId, u128> = BTreeMap::new();
        for transfer in self.transfers() {
            let Some(job) = jobs.iter().find(|job| Some(&job.public_id) == transfer.job.as_ref()) else {
                continue;
            };
            let (Some(key), source) = (job.key, ledger::source(job)) else { continue };
            let sum = spent.entry(key).or_default();
            *sum += if transfer.from == source { transfer.amount.units } else { 0 };
            *sum -= if transfer.to == source { transfer.amount.units } else { 0 };
        }
        for row in now(self.disk().keys(None, None, Period::day_of(sample::NOW))) {
            assert_eq!(row.spent_in_all, spent.remove(&row.key.id).unwrap_or_default(), "{:?}", row.key);
            let within = |limit: Option<u128>, spent| limit.is_none_or(|limit| spent <= limit);
            assert!(within(row.key.limits.in_all, row.spent_in_all), "{row:?}");
            assert!(within(row.key.limits.per_day, row.spent_on_day), "{row:?}");
        }
        assert!(spent.is_empty(), "{spent:?} was spent under keys that are not listed");
    }

    /// Every balance, page by page.
    pub(crate) fn balances(&self) -> Vec<docket_store::BalanceRow> {
        let mut all: Vec<docket_store::BalanceRow> = Vec::new();
        loop {
            let after = all.last().map(|row| row.account.clone());
            let page = block_on(self.store().balances(after.as_deref())).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// Every job, page by page, the newest first.
    pub(crate) fn jobs(&self) -> Vec<Arc<Job>> {
        let mut all: Vec<Arc<Job>> = Vec::new();
        loop {
            let before = all.last().map(|job| job.id);
            let filter = docket_store::JobFilter { client: None, before, limit: 100 };
            let page = block_on(self.store().jobs(&filter)).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

/// A commit that waits for the writer.
pub(crate) type Waiting = BoxFuture<'static, Result<Committed, CommitError>>;

/// Hands a change to the store.
pub(crate) fn begin(store: &Store, write: Write) -> Waiting {
    let store = store.clone();
    async move { store.commit(write).await }.boxed()
}

/// The answer, if it is there.
pub(crate) fn poll(waiting: &mut Waiting) -> Option<Result<Committed, CommitError>> {
    waiting.now_or_never()
}

/// Waits for a read.
pub(crate) fn now<T>(read: Read<'_, T>) -> T {
    block_on(read).expect("the store can be read")
}

/// A database that can be told to fail, and that says when it writes.
pub(crate) struct Wrapped<F> {
    pub(crate) inner: Box<dyn Backend>,
    /// Stands in for the call when it is known what was asked; `None` lets the database answer.
    pub(crate) interfere: F,
}

/// A call to a database.
pub(crate) enum Call<'a> {
    Load(&'a Needs),
    Write(&'a Batch, &'a mut dyn Backend),
}

impl<F: FnMut(Call<'_>) -> Option<StoreError> + Send> Backend for Wrapped<F> {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.inner.resume()
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        match (self.interfere)(Call::Load(needs)) {
            Some(error) => Err(error),
            None => self.inner.load(needs),
        }
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        match (self.interfere)(Call::Write(batch, &mut *self.inner)) {
            Some(error) => Err(error),
            None => self.inner.write(batch),
        }
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.inner.apply(batch)
    }

    fn show(&mut self) -> Result<(), StoreError> {
        self.inner.show()
    }
}
