//! A whole coordinator on a port of its own, with a clock in the test's hand and a store that outlives it.

use docket_api::{
    AgentTerms, App, Courier, Limits, Postman, PriceList, Reach, RegistryTerms, Server, Settings,
    SimulatedEnclave, router, scoring, withdraw_forsaken,
};
use docket_core::hash::Sha256;
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{ChallengeTerms, Config, Engine, HireTerms, outbox};
use docket_protocol::keys::SigningKey;
use docket_settlement::Ledger;
use docket_store::backend::{Backend, Connected, Loaded, Needs, Resumed, Seen};
use docket_store::{Batch, Sqlite, Store, StoreError};
use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The operator's token in all tests.
pub(crate) const TOKEN: &str = "the operator's token";
/// The name of the log in all tests.
pub(crate) const ORIGIN: &str = "market.example/log";
/// When the tests take place.
const NOON: Timestamp = Timestamp(1_770_638_400_000); // 2026-02-09T12:00:00.000Z

static MARKETS: AtomicU32 = AtomicU32::new(0);

/// What a market is made with.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) testnet: bool,
    pub(crate) allow_unproven: bool,
    pub(crate) limits: Limits,
    pub(crate) webhooks_to: Reach,
    /// The keys of enclaves that are believed.
    pub(crate) enclave_keys: Vec<String>,
    /// Whether a simulated enclave is served.
    pub(crate) enclave: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            testnet: true,
            allow_unproven: true,
            limits: Limits::default(),
            webhooks_to: Reach::Loopback,
            enclave_keys: Vec::new(),
            enclave: true,
        }
    }
}

/// A market whose coordinator can be killed and started again.
pub(crate) struct Market {
    options: Options,
    store: String,
    _alive: Box<dyn Any + Send>,
    clock: Clock,
    /// Whether the disk takes nothing any more.
    is_broken: Arc<AtomicBool>,
    running: Option<Running>,
}

/// A database whose disk may break.
struct Brittle {
    inner: Box<dyn Backend>,
    is_broken: Arc<AtomicBool>,
}

impl Backend for Brittle {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.inner.resume()
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        self.inner.load(needs)
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        match self.is_broken.load(Ordering::Relaxed) {
            true => Err(StoreError::Failed("the disk is broken".to_owned())),
            false => self.inner.write(batch),
        }
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.inner.apply(batch)
    }

    fn show(&mut self) -> Result<(), StoreError> {
        self.inner.show()
    }
}

struct Running {
    address: SocketAddr,
    engine: Arc<Engine>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    writer: std::thread::JoinHandle<()>,
}

impl Market {
    /// A market with test money and the usual bounds.
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let store = format!("wire-{}-{}", std::process::id(), MARKETS.fetch_add(1, Ordering::Relaxed));
        let alive = Sqlite::memory(&store).keep_alive().expect("a database in memory can be made");
        let (clock, is_broken) = (Clock::manual(NOON), Arc::default());
        let mut market = Self { options, store, _alive: Box::new(alive), clock, is_broken, running: None };
        market.start().await;
        market
    }

    async fn start(&mut self) {
        let connected = Sqlite::memory(&self.store).connect().expect("the database can be opened");
        let Connected { backend: inner, reader } = connected;
        let backend = Box::new(Brittle { inner, is_broken: self.is_broken.clone() });
        let (store, writer) = Store::open(backend, reader).expect("the store can be opened");
        let writer = std::thread::spawn(move || writer.run());
        let ledger = if self.options.testnet { Ledger::testnet() } else { Ledger::main() };
        let enclave = || SimulatedEnclave::new(&[5; 32]).expect("the seed gives keys");
        let enclave = self.options.enclave.then(enclave);
        let terms = AgentTerms { enclave_keys: self.options.enclave_keys.clone(), ..AgentTerms::default() };
        let enclaves = terms.enclaves(enclave.as_ref()).expect("the keys can be read");
        let stake = PriceList::default().stake();
        let hires = HireTerms::DOCUMENTED;
        let config = Config { ledger, scoring, stake, hires, enclaves, challenges: ChallengeTerms::NONE };
        let engine = Engine::new(store, self.clock.clone(), Entropy::system(), config);
        engine.recover().await.expect("what was open is taken up");
        let settings = Settings {
            origin: ORIGIN.to_owned(),
            allow_unproven: self.options.allow_unproven,
            admin_token: Some(Sha256::of(TOKEN.as_bytes())),
            limits: self.options.limits,
            prices: PriceList::default(),
            registry: RegistryTerms::default(),
            webhooks_to: self.options.webhooks_to,
            enclave: enclave.map(Arc::new),
        };
        let app = App::new(engine.clone(), settings, SigningKey::from_seed(&[9; 32]));
        let app = Arc::new(app.expect("the origin can name a key"));
        let courier = Courier::new(app.clone()).expect("there is TLS");
        let postman = Postman::new(app.clone()).expect("there is TLS");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let stop = CancellationToken::new();
        let forsaken = withdraw_forsaken(app.clone());
        let server = Server { listener, router: router(app), limits: self.options.limits };
        let tasks = vec![
            tokio::spawn(server.run(stop.clone(), Duration::ZERO)),
            tokio::spawn(outbox::run(engine.clone())),
            tokio::spawn(courier.run()),
            tokio::spawn(postman.run()),
            tokio::spawn(forsaken),
        ];
        self.running = Some(Running { address, engine, stop, tasks, writer });
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the coordinator runs")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The engine, to look into.
    pub(crate) fn engine(&self) -> &Engine {
        &self.running().engine
    }

    /// What is wrong with the books.
    pub(crate) async fn books(&self) -> Vec<String> {
        let engine = self.engine();
        engine.caught_up().await;
        docket_engine::books::check(engine.store()).await.expect("they can be read").faults
    }

    /// Lets time pass, and does what is due then.
    pub(crate) async fn pass(&self, span: Millis) {
        let engine = self.engine();
        engine.caught_up().await;
        self.clock.advance(span);
        engine.lapse_due().await;
        engine.sweep_workers().await;
        engine.ripen_effects();
    }

    /// From now on nothing more can be written; a restart repairs it.
    pub(crate) fn break_disk(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }

    /// Ends the coordinator wherever it is, and starts another on the same store.
    pub(crate) async fn restart(&mut self) {
        self.engine().caught_up().await;
        let Running { engine, stop, tasks, writer, .. } = self.running.take().expect("the coordinator runs");
        stop.cancel();
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            task.await.ok(); // It was aborted just now.
        }
        // Connections hold the engine until they notice; the writer ends with the last of them.
        engine.tell_workers_to_close();
        drop(engine);
        tokio::task::spawn_blocking(move || writer.join())
            .await
            .expect("it is joined")
            .expect("it ended well");
        self.is_broken.store(false, Ordering::Relaxed);
        self.start().await;
    }

    /// The same, by an operator who has changed his mind.
    pub(crate) async fn restart_with_webhooks_to(&mut self, reach: Reach) {
        self.options.webhooks_to = reach;
        self.restart().await;
    }
}
