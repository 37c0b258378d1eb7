//! `docket worker`: takes jobs from a coordinator, until told to stop.

pub(crate) mod node;

use crate::telemetry::{self, LogFormat};
use anyhow::{Context, Result};
use docket_protocol::keys::SigningKey;
use docket_worker::engine::{EngineSpec, Engines};
use docket_worker::{Config, Event, NodeIdentity, WorkerClass};
use node::NodeArgs;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// A worker needs no public address: it calls the coordinator.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The coordinator, such as http://127.0.0.1:4010.
    #[arg(long, env = "COORDINATOR_URL", default_value = "http://127.0.0.1:4010")]
    coordinator: String,
    /// What to run: tasks, tiny, gguf:PATH or openai:URL; may be given several times [default: tasks].
    ///
    /// Whether a server honours tools and logprobs it does not say itself: openai+tools+logprobs:URL.
    #[arg(long = "engine", value_name = "ENGINE")]
    engines: Vec<String>,
    /// The environment variable that holds the key of an openai: server.
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// The folder of the worker's key, made on the first start.
    #[arg(long, env = "DOCKET_WORKER_DATA", default_value = "./docket-worker")]
    data: PathBuf,
    /// How many jobs at once [default: what the engines think right].
    #[arg(long)]
    concurrency: Option<u16>,
    /// Say that this is a handheld device, which is given tasks before desktops are.
    #[arg(long)]
    handheld: bool,
    /// The least to work for, in minor units of the market's asset.
    #[arg(long)]
    price_floor: Option<u128>,
    #[command(flatten)]
    node: NodeArgs,
    /// How logs are written.
    #[arg(long, env = "DOCKET_LOG_FORMAT")]
    log_format: Option<LogFormat>,
}

/// Names of engines, as they are given on the command line.
pub(crate) struct EngineArgs;

impl EngineArgs {
    /// The engine for models that this build has in it.
    pub(crate) const EMBEDDED: &str = if cfg!(feature = "gguf") { "tiny" } else { "tasks" };

    /// What was asked for, or what is usual; each once.
    pub(crate) fn or_default(given: &[String], usual: &[&str]) -> Vec<String> {
        let usual = || usual.iter().map(|name| (*name).to_owned()).collect();
        let mut names: Vec<String> = if given.is_empty() { usual() } else { given.to_vec() };
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

/// Runs a worker until told to stop; running jobs finish first.
pub(crate) fn run(args: Args) -> Result<()> {
    one_thread_for_models()?;
    telemetry::start(args.log_format.unwrap_or_default(), "info");
    // Engines compute on threads of their own. What is left is passing on what they say, and a second thread would only
    // have to be woken for every word.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let engines = EngineArgs::or_default(&args.engines, &["tasks"]);
        let engines = start_engines(&engines, args.api_key_env.as_deref()).await?;
        let mut config = Config::new(args.coordinator, key(&args.data)?, engines);
        config.concurrency = args.concurrency;
        config.price_floor = args.price_floor;
        config.node = args.node.identity(&args.data)?;
        if let Some(NodeIdentity { wallet, gpu_tier }) = &config.node {
            tracing::info!("the node {} of GPU tier {gpu_tier}", wallet.address());
        }
        config.class = if args.handheld { WorkerClass::Handheld } else { WorkerClass::Desktop };
        let stop = CancellationToken::new();
        let told = stop.clone();
        tokio::spawn(async move {
            // Without signals, only the process's end stops it.
            let Ok(signal) = super::told_to_stop() else { return };
            signal.await.ok();
            told.cancel();
        });
        docket_worker::run(config, stop, log).await?;
        Ok(())
    })
}

/// Every job that ends is told; that it has begun, only to who wants to know more.
fn log(event: Event) {
    match event {
        Event::JobStarted { .. } => tracing::debug!("{event}"),
        event => tracing::info!("{event}"),
    }
}

/// A worker beside a coordinator in the same process.
pub(crate) async fn start_worker(
    url: String,
    key: SigningKey,
    node: Option<NodeIdentity>,
    engines: Vec<String>,
    stop: CancellationToken,
    listener: impl Fn(Event) + Send + Sync + 'static,
) -> Result<()> {
    let engines = start_engines(&engines, None).await?;
    let mut config = Config::new(url, key, engines);
    config.node = node;
    docket_worker::run(config, stop, listener).await?;
    Ok(())
}

async fn start_engines(names: &[String], api_key_env: Option<&str>) -> Result<Engines> {
    let specs = names.iter().map(|name| name.parse::<EngineSpec>()).collect::<Result<Vec<_>, _>>()?;
    Ok(Engines::start(&specs, api_key_env).await?)
}

/// The worker's key, made on the first start.
pub(crate) fn key(data: &Path) -> Result<SigningKey> {
    docket_worker::identity::open(data).with_context(|| format!("the worker's key in {}", data.display()))
}

/// The embedded engine starts a spinning thread for each core, unless this variable is there before the
/// process begins. One thread is fastest where a coordinator and other jobs share the cores.
#[cfg(all(unix, feature = "gguf"))]
pub(crate) fn one_thread_for_models() -> Result<()> {
    use std::os::unix::process::CommandExt;
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_some() {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program's own path is unknown")?;
    let error =
        std::process::Command::new(program).args(std::env::args_os().skip(1)).env(THREADS, "1").exec();
    Err(error).context("the program could not start itself again")
}

/// Nothing to do without the embedded engine.
#[cfg(not(all(unix, feature = "gguf")))]
pub(crate) fn one_thread_for_models() -> Result<()> {
    Ok(())
}
