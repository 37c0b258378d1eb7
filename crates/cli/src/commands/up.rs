//! `docket up`: all of it on this machine.

use crate::config::Config;
use crate::coordinator::Coordinator;
use crate::telemetry::{self, LogFormat};
use anyhow::Result;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A coordinator, one worker and an embedded model, with test money.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes any.
    #[arg(long, env = "DOCKET_LISTEN", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// The data folder.
    #[arg(long, env = "DOCKET_DATA", default_value = "./docket-data")]
    data: PathBuf,
    /// Keep nothing: the data folder is a temporary one, removed at the end.
    #[arg(long)]
    ephemeral: bool,
    /// Mint test money for each job. With `false`, clients spend what the operator has credited.
    #[arg(long, env = "TESTNET_MODE", default_value_t = true, action = clap::ArgAction::Set)]
    testnet: bool,
    /// When ready, print one line of JSON instead of a page for people.
    #[arg(long)]
    json: bool,
}

/// Runs until told to stop.
pub(crate) fn run(args: Args) -> Result<()> {
    telemetry::start(LogFormat::Text, "warn");
    let temporary = args.ephemeral.then(tempfile::tempdir).transpose()?;
    let config = Config {
        listen: args.listen,
        data: temporary.as_ref().map_or(args.data, |folder| folder.path().to_owned()),
        testnet: args.testnet,
        allow_unproven_workers: true,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let coordinator = Coordinator::start(&config).await?;
        println!("{}", coordinator.url());
        super::told_to_stop().await?;
        coordinator.drain().await
    })
}
