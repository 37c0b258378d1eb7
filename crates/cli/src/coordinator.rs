//! A coordinator in this process: store, engine, timers and wires, from start to drain.

use crate::config::Config;
use crate::data::DataDir;
use anyhow::{Context, Result, bail};
use docket_api::{App, Courier, Limits, Postman, Server, Settings, SimulatedEnclave};
use docket_core::hash::Sha256;
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Engine, outbox};
use docket_protocol::keys::SigningKey;
use docket_settlement::Ledger;
use docket_store::writer::Writer;
use docket_store::{Postgres, Sqlite, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinHandle as Task;
use tokio_util::sync::CancellationToken;

/// How long the writer may take to end once nothing is accepted any more.
const WRITER_ENDS_WITHIN: Duration = Duration::from_secs(15);

/// The longest that timers sleep, lest a missed wake-up keeps somebody waiting.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// A running coordinator.
pub(crate) struct Coordinator {
    /// The market.
    pub(crate) engine: Arc<Engine>,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The operator's token.
    pub(crate) admin_token: String,
    stop: CancellationToken,
    server: Task<()>,
    loops: Vec<Task<()>>,
    writer: JoinHandle<()>,
    grace: Duration,
}

impl Coordinator {
    /// Opens the store, takes up what the last process left, and listens.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        config.check()?;
        let data = DataDir::open(&config.data)?;
        // The port first: a second start on the same port must not touch the first one's data.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let (key, admin_token) = (data.coordinator_key()?, data.admin_token()?);
        let (store, writer) = open_store(config, &data).await?;
        let writer = std::thread::Builder::new()
            .name("docket-writer".to_owned())
            .spawn(move || writer.run())
            .context("the writer's thread cannot be started")?;
        let clock = Clock::system(docket_engine::latest_known(store.start()));
        let ledger = if config.testnet { Ledger::testnet() } else { Ledger::main() };
        let enclave = config.agents.simulated_enclave.then(|| simulated_enclave(&key)).transpose()?;
        let enclaves =
            config.agents.enclaves(enclave.as_ref()).context("[agents]: who is believed about capital")?;
        let challenges = config.registry.challenge_terms(ledger.coin(), ledger.source());
        let challenges = challenges.map_err(|fault| anyhow::anyhow!("registry.challenges.{fault}"))?;
        let engine_config = docket_engine::Config {
            ledger,
            scoring: docket_api::scoring,
            stake: config.credits.stake(),
            hires: config.agents.hires(),
            enclaves,
            challenges,
        };
        let engine = Engine::new(store, clock, Entropy::system(), engine_config);
        let recovered = engine.recover().await?;
        tracing::info!(open = recovered.open, unplaced = recovered.unplaced, "the store is open");
        let stop = CancellationToken::new();
        let app = Arc::new(App::new(engine.clone(), settings(config, &admin_token, enclave), key)?);
        let courier = Courier::new(app.clone()).context("nothing can be sent to webhooks")?;
        let postman = Postman::new(app.clone()).context("nothing can be posted to nodes")?;
        let snapshots = docket_api::keep_snapshots(app.clone());
        let forsaken = docket_api::withdraw_forsaken(app.clone());
        let server = Server { listener, router: docket_api::router(app), limits: limits(config) };
        let grace = Duration::from_secs(config.drain_seconds);
        Ok(Self {
            server: tokio::spawn(server.run(stop.clone(), Duration::from_secs(2))),
            loops: vec![
                tokio::spawn(outbox::run(engine.clone())),
                tokio::spawn(timers(engine.clone())),
                tokio::spawn(courier.run()),
                tokio::spawn(postman.run()),
                tokio::spawn(forsaken),
                tokio::spawn(snapshots),
                tokio::spawn(read_ahead(engine.clone())),
            ],
            engine,
            address,
            admin_token,
            stop,
            writer,
            grace,
        })
    }

    /// The address as clients write it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes nothing new, lets running jobs finish within the grace, and ends. What is open then is
    /// taken up by the next start.
    pub(crate) async fn drain(self) -> Result<()> {
        let Self { engine, stop, server, loops, writer, grace, .. } = self;
        engine.stop_accepting();
        let finished = async {
            while engine.running() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(grace, finished).await.is_err() {
            tracing::warn!(running = engine.running(), "jobs still run: the next start takes them up");
        }
        engine.tell_workers_to_close();
        stop.cancel();
        server.await.context("the server ended badly")?;
        for task in &loops {
            task.abort();
        }
        for task in loops {
            task.await.ok(); // It was aborted just now.
        }
        drop(engine);
        // The writer ends when nobody can write any more: what a connection had begun may still be at it.
        let ended = async {
            while !writer.is_finished() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(WRITER_ENDS_WITHIN, ended).await.is_err() {
            tracing::warn!("the writer is still busy; what was acknowledged is on disk");
            return Ok(());
        }
        if writer.join().is_err() {
            bail!("the writer ended badly");
        }
        Ok(())
    }
}

/// Opens the store where the settings say. It blocks, so it does that where blocking is allowed.
async fn open_store(config: &Config, data: &DataDir) -> Result<(Store, Writer)> {
    let (readers, database, file) = (Handle::current(), config.database.clone(), data.database());
    let open = move || match database {
        Some(address) => Postgres::at(&address.0)?.open(&readers),
        None => Sqlite::file(file).open(),
    };
    Ok(tokio::task::spawn_blocking(open).await??)
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use: is another coordinator running? Choose another with --listen, or port 0 for any"
        ),
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    })
}

fn settings(config: &Config, admin_token: &str, enclave: Option<SimulatedEnclave>) -> Settings {
    Settings {
        origin: config.origin.clone(),
        allow_unproven: config.allow_unproven_workers,
        admin_token: Some(Sha256::of(admin_token.as_bytes())),
        limits: limits(config),
        prices: config.credits.clone(),
        registry: config.registry.clone(),
        webhooks_to: config.webhooks_to,
        enclave: enclave.map(Arc::new),
    }
}

/// Reads what the first list of agents' jobs would wait for.
async fn read_ahead(engine: Arc<Engine>) {
    if let Err(error) = engine.store().read_hires().await {
        tracing::warn!(%error, "the index of agents' jobs was not read; the first list tries again");
    }
}

/// An enclave whose keys and prices are the same after every start on the same data.
fn simulated_enclave(key: &SigningKey) -> Result<SimulatedEnclave> {
    tracing::warn!("a SIMULATED enclave is served and believed: no real capital may be entrusted here");
    let seed = Sha256::of(key.sign(b"docket-simulated-enclave-v1").to_string().as_bytes());
    SimulatedEnclave::new(&seed.0).context("no keys follow from this seed; another coordinator key is needed")
}

fn limits(config: &Config) -> Limits {
    let usual = Limits::default();
    // Whoever is on this machine already can do worse than ask too often.
    let usual_rate = if config.listen.ip().is_loopback() { 0 } else { usual.rate_per_second };
    Limits {
        body: config.max_body_bytes,
        connections: config.max_connections,
        rate_per_second: config.rate_per_second.unwrap_or(usual_rate),
        rate_burst: config.rate_burst,
        ..usual
    }
}

/// Does what is due, and sleeps until something is.
async fn timers(engine: Arc<Engine>) {
    loop {
        engine.lapse_due().await;
        let swept = engine.sweep_workers().await;
        let ripe = engine.ripen_effects();
        let challenged = engine.challenge_due().await;
        let next = [engine.next_deadline(), swept, ripe, challenged].into_iter().flatten().min();
        let sleep = next.map_or(LONGEST_SLEEP, |at| {
            let millis = at.since(engine.clock().now()).0;
            Duration::from_millis(u64::try_from(millis).unwrap_or(0))
                .clamp(Duration::from_millis(1), LONGEST_SLEEP)
        });
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = engine.deadline_moved() => {}
        }
    }
}
