//! One random life of a market on two databases: they must never tell each other apart.

use crate::place::{InFile, InMemory, Place};
use crate::sample::{FIRST, NOW, SECOND, client, credit, job, paid_at_once, terms, with_leaf, write};
use crate::world::{World, now};
use docket_core::change::Claim;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, Limits, Period};
use docket_core::money::{Amount, Asset};
use docket_core::trust::Pairing;
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::backend::{Backend, Connected, Loaded, Needs, Resumed, Seen};
use docket_store::{Batch, Documents, StoreError, Write};
use std::fmt::Write as _;
use std::sync::Arc;

const ROUNDS: u64 = 60;
/// What is wanted of jobs; what leads on is wanted more often than what ends.
const WORDS: [&str; 19] = [
    "fund",
    "assign",
    "assign",
    "assign",
    "offer",
    "accept",
    "lose",
    "submit",
    "submit",
    "submit",
    "submit",
    "submit-part",
    "submit-part",
    "cancel",
    "complete",
    "reject",
    "dispute",
    "rule-divided",
    "lapse",
];
const CLIENTS: [&str; 3] = ["ann", "bob", "Zoë"];

#[test]
fn a_file_and_memory_live_alike() {
    for seed in 1..=4 {
        let file = World::on(Box::new(InFile::new()));
        live_alike(file, World::on(Box::new(InMemory::new())), seed);
    }
}

/// A file that the writer shows so seldom that much gathers before it is carried out.
struct Seldom(InFile);

struct Gathering {
    inner: Box<dyn Backend>,
    asked: u32,
}

impl Place for Seldom {
    fn connect(&self) -> Connected {
        let Connected { backend, reader } = self.0.connect();
        Connected { backend: Box::new(Gathering { inner: backend, asked: 0 }), reader }
    }

    fn meddle(&self, sql: &str) {
        self.0.meddle(sql);
    }
}

impl Backend for Gathering {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.inner.resume()
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        self.inner.load(needs)
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        self.inner.write(batch)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.inner.apply(batch)
    }

    fn show(&mut self) -> Result<(), StoreError> {
        self.asked += 1;
        if self.asked.is_multiple_of(16) { self.inner.show() } else { Ok(()) }
    }
}

#[test]
fn groups_that_are_carried_out_together_and_each_alone_live_alike() {
    for seed in 5..=8 {
        let file = World::on(Box::new(Seldom(InFile::new())));
        live_alike(file, World::on(Box::new(InMemory::new())), seed);
    }
}

/// Plays one life on both, and compares every answer and all that is stored in the end.
pub(crate) fn live_alike(mut one: World, mut other: World, seed: u64) {
    let mut market =
        Market { random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), jobs: 0, seen: Vec::new() };
    for round in 0..ROUNDS {
        let group = market.group(&one);
        let answers = [&mut one, &mut other].map(|world| {
            world.commit_all(group.clone()).iter().map(|answer| format!("{answer:?}")).collect::<Vec<_>>()
        });
        assert_eq!(answers[0], answers[1], "round {round} of life {seed}");
        assert_eq!(one.store().log(), other.store().log(), "round {round} of life {seed}");
        [&one, &other].into_iter().for_each(check_held);
        if market.random.one_in(8) {
            [&mut one, &mut other].into_iter().for_each(World::reopen);
        }
    }
    [&mut one, &mut other].into_iter().for_each(World::reopen);
    assert!(one.jobs().iter().filter(|job| job.state.is_final()).count() > 10, "life {seed} is too quiet");
    [&one, &other].into_iter().for_each(World::check_books);
    let keys = now(one.disk().keys(None, None, Period::day_of(NOW)));
    assert!(keys.iter().any(|row| row.spent_in_all > 0), "life {seed} knows no keys");
    let (one, other) = (dump(&one), dump(&other));
    let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert!(one == other, "life {seed}: {differs:?}");
}

/// What each client's jobs hold is what looking at all of them says.
fn check_held(world: &World) {
    let open = world.store().open_jobs();
    for name in CLIENTS {
        let client = ClientId(name.into());
        for asset in [Asset::USDC, Asset::ETH] {
            let mine = open.iter().filter(|job| job.client == client && job.escrow.asset == asset);
            let slowly: u128 = mine.map(|job| job.escrow.units).sum();
            assert_eq!(world.store().held(&client, asset), slowly, "{name}");
        }
    }
}

/// What is left to chance. The same seed makes the same life.
struct Market {
    random: Random,
    jobs: u64,
    /// Versions of jobs that may be out of date.
    seen: Vec<Arc<Job>>,
}

impl Market {
    /// Changes that wait together. Not all of them can win.
    fn group(&mut self, world: &World) -> Vec<Write> {
        self.seen.extend(world.store().open_jobs());
        let size = 1 + self.random.below(24);
        (0..size).filter_map(|_| self.change(world)).collect()
    }

    fn change(&mut self, world: &World) -> Option<Write> {
        match self.random.below(13) {
            0 => Some(self.money()),
            1..=3 => Some(self.new_job()),
            4 => self.worker(world),
            5 => self.pairing(world),
            6 => self.key(world),
            _ => self.step(world),
        }
    }

    fn money(&mut self) -> Write {
        let name: &&str = self.random.pick(&CLIENTS);
        let asset = *self.random.pick(&[Asset::USDC, Asset::ETH]);
        let key = format!("money {}", self.random.below(40));
        credit(client(name), Amount::new(u128::from(self.random.below(3_000)) + 1, asset), &key)
    }

    fn new_job(&mut self) -> Write {
        self.jobs += 1;
        let policy = if self.random.one_in(2) { terms() } else { paid_at_once() };
        let mut job = job(self.jobs, policy);
        job.client = ClientId((*self.random.pick(&CLIENTS)).into());
        if self.random.one_in(6) {
            let earlier = 1 + self.random.below(self.jobs);
            job.public_id.text = format!("job-{earlier}").into();
        }
        if self.random.one_in(3) {
            let (key, client) = self.key_of_a_client();
            (job.key, job.client) = (Some(key), client);
        }
        let mut change = write(&job, if self.random.one_in(4) { "create" } else { "fund" }).unwrap();
        if self.random.one_in(3) {
            let key = format!("key {}", self.random.below(20)).into();
            let request = Sha256([self.random.below(2) as u8; 32]);
            change.change.claim = Some(Claim { key, request, answer: job.public_id });
        }
        change
    }

    fn step(&mut self, world: &World) -> Option<Write> {
        let open = world.store().open_jobs();
        let jobs = if self.random.one_in(4) { &self.seen } else { &open };
        let job = jobs.get(self.random.below(jobs.len() as u64) as usize)?;
        let fitting: Vec<_> = WORDS.iter().filter_map(|word| write(job, word).ok()).collect();
        (!fitting.is_empty()).then(|| self.random.pick(&fitting).clone())
    }

    fn worker(&mut self, world: &World) -> Option<Write> {
        let id = *self.random.pick(&[FIRST, SECOND, WorkerId([9; 32])]);
        let known = now(world.disk().worker(id)).unwrap_or(Worker::unknown(id));
        let command = match self.random.below(3) {
            0 => WorkerCommand::Suspend(!known.suspended),
            _ => WorkerCommand::Register { proof: true, unproven_allowed: false },
        };
        Some(with_leaf(known.decide(command, NOW).ok()??, Documents::default()))
    }

    /// Each client has two keys, which need not exist.
    fn key_of_a_client(&mut self) -> (KeyId, ClientId) {
        let number = self.random.below(6) as usize;
        (KeyId::of(&number.to_string()), ClientId(CLIENTS[number / 2].into()))
    }

    fn key(&mut self, world: &World) -> Option<Write> {
        let (id, client) = self.key_of_a_client();
        let change = match now(world.disk().key(id.number())) {
            Some(key) if self.random.one_in(8) => key.revoke(NOW).ok()?,
            Some(_) => return None,
            None => {
                let limits = Limits { per_day: self.random.one_in(2).then_some(3_500), in_all: Some(9_000) };
                ApiKey::create(id, client, "a key".into(), limits, NOW).1
            }
        };
        Some(with_leaf(change, Documents::default()))
    }

    fn pairing(&mut self, world: &World) -> Option<Write> {
        let code = Sha256([self.random.below(5) as u8; 32]);
        let change = match now(world.disk().pairing(code)) {
            Some(open) => open.claim(*self.random.pick(&[FIRST, SECOND]), NOW).ok()?,
            None => Pairing::create(code, ClientId("ann".into()), NOW).1,
        };
        Some(with_leaf(change, Documents::default()))
    }
}

/// All that is stored, as text.
fn dump(world: &World) -> String {
    let mut text = format!("{:?} {:?}\n", world.store().start(), world.store().log());
    for job in world.jobs() {
        let disk = world.disk();
        writeln!(text, "{:?}", now(disk.job(job.id))).unwrap();
        writeln!(text, "{:?} {:?}", now(disk.payload(job.id)), now(disk.answer(job.id))).unwrap();
        now(disk.journal(job.id)).iter().for_each(|row| writeln!(text, "{row:?}").unwrap());
    }
    world.transfers().iter().for_each(|row| writeln!(text, "{row:?}").unwrap());
    world.balances().iter().for_each(|row| writeln!(text, "{row:?}").unwrap());
    writeln!(text, "{:?}", now(world.disk().workers(None))).unwrap();
    writeln!(text, "{:?}", now(world.disk().trusted(&ClientId("ann".into())))).unwrap();
    writeln!(text, "{:?}", now(world.disk().keys(None, None, Period::day_of(NOW)))).unwrap();
    for name in CLIENTS {
        writeln!(text, "{:?}", now(world.disk().statement(&client(name), None))).unwrap();
    }
    for first in (0..world.store().log().0).step_by(256) {
        writeln!(text, "{:?}", now(world.disk().log_entries(first, 256))).unwrap();
        writeln!(text, "{:?}", now(world.disk().log_hashes(0, first, 256))).unwrap();
    }
    writeln!(text, "{:?}", now(world.disk().log_hashes(1, 0, 256))).unwrap();
    text
}

/// Numbers that look random and are not: xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end.max(1)
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
