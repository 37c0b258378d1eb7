//! `docket serve`: the coordinator alone.

use crate::config::{Config, Secret};
use crate::coordinator::Coordinator;
use crate::telemetry::{self, LogFormat};
use anyhow::Result;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Settings come from `docket.toml`, then from `DOCKET_*`, then from here.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The configuration file [default: docket.toml, if there is one].
    #[arg(long, env = "DOCKET_CONFIG")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes any [default: 127.0.0.1:4010].
    #[arg(long, env = "DOCKET_LISTEN")]
    listen: Option<SocketAddr>,
    /// The data folder [default: ./docket-data].
    #[arg(long, env = "DOCKET_DATA")]
    data: Option<PathBuf>,
    /// A PostgreSQL database in place of the embedded one. Give it by the environment: arguments can be seen by others.
    #[arg(long, env = "DOCKET_DATABASE", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
    /// Mint test money for each job, instead of asking for real money.
    #[arg(long, env = "TESTNET_MODE", num_args = 0..=1, default_missing_value = "true")]
    testnet: Option<bool>,
    /// Let workers in that cannot prove a key, on loopback.
    #[arg(long, env = "DOCKET_ALLOW_UNPROVEN_WORKERS", num_args = 0..=1, default_missing_value = "true")]
    allow_unproven_workers: Option<bool>,
    /// The name of the log, which stands on its checkpoints.
    #[arg(long, env = "DOCKET_ORIGIN")]
    origin: Option<String>,
    /// How many requests a second one address may make on the open routes; 0 is no bound [default: 200,
    /// and no bound on loopback].
    #[arg(long, env = "DOCKET_RATE_PER_SECOND")]
    rate_per_second: Option<u32>,
    /// How near the addresses may be to which webhooks are sent: public, loopback (this machine as well) or private
    /// (private networks as well) [default: public].
    #[arg(long, env = "DOCKET_WEBHOOKS_TO", value_name = "REACH")]
    webhooks_to: Option<docket_api::Reach>,
    /// How logs are written.
    #[arg(long, env = "DOCKET_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// Print the effective configuration and end.
    #[arg(long)]
    print_config: bool,
}

impl Args {
    fn config(self) -> Result<Config> {
        let mut config = Config::read(self.config.as_deref())?;
        let Self {
            listen,
            data,
            database,
            testnet,
            allow_unproven_workers,
            origin,
            log_format,
            rate_per_second,
            webhooks_to,
            ..
        } = self;
        config.listen = listen.unwrap_or(config.listen);
        config.data = data.unwrap_or(config.data);
        config.database = database.map(Secret).or(config.database);
        config.testnet = testnet.unwrap_or(config.testnet);
        config.allow_unproven_workers = allow_unproven_workers.unwrap_or(config.allow_unproven_workers);
        config.origin = origin.unwrap_or(config.origin);
        config.rate_per_second = rate_per_second.or(config.rate_per_second);
        config.webhooks_to = webhooks_to.unwrap_or(config.webhooks_to);
        config.log_format = log_format.unwrap_or(config.log_format);
        config.check()?;
        Ok(config)
    }
}

/// How many threads serve: the store's writer has a core to itself where there are several. A thread more would be
/// woken for every request, only to find that there is nothing left for it.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_sub(1).max(1)
}

/// Runs a coordinator until it is told to stop.
pub(crate) fn run(args: Args) -> Result<()> {
    let print = args.print_config;
    let config = args.config()?;
    if print {
        print!("{}", toml::to_string_pretty(&config)?);
        return Ok(());
    }
    telemetry::start(config.log_format, "info");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads()).enable_all().build()?;
    runtime.block_on(async {
        let coordinator = Coordinator::start(&config).await?;
        let told = super::told_to_stop()?;
        tracing::info!(url = coordinator.url(), network = %coordinator.engine.ledger().network().0, "ready");
        told.await?;
        tracing::info!("draining: no new jobs, running ones finish");
        coordinator.drain().await
    })
}
