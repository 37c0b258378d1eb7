//! `docket up`: all of it on this machine.

mod own_key;

use super::worker_run::{EngineArgs, key, node, one_thread_for_models, start_worker};
use crate::config::Config;
use crate::coordinator::Coordinator;
use crate::data::DataDir;
use crate::telemetry::{self, LogFormat};
use anyhow::{Context, Result};
use docket_api::Reach;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long the worker of this process may take to be let in.
const WORKER_WITHIN: Duration = Duration::from_secs(20);

/// A coordinator, one worker and an embedded model, with test money.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A configuration file, for what has no argument here, such as the spans of agents' jobs.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    /// How near the addresses may be to which webhooks are sent: public, loopback (this machine as well) or private
    /// (private networks as well) [default: loopback, and public where other machines are listened to].
    #[arg(long, env = "DOCKET_WEBHOOKS_TO", value_name = "REACH")]
    webhooks_to: Option<Reach>,
    /// What the worker runs: tasks, tiny, gguf:PATH or openai:URL; may be given several times
    /// [default: tasks and tiny].
    #[arg(long = "engine", value_name = "ENGINE")]
    engines: Vec<String>,
    /// The class of this machine's hardware, from 1 to 3, the most: the worker is a node, for jobs that ask for one.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    gpu_tier: u8,
    /// The worker is no node, and gets no jobs that ask for a class of hardware.
    #[arg(long, conflicts_with = "gpu_tier")]
    no_node: bool,
    /// When ready, print one line of JSON instead of a page for people.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints when everything is ready.
#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    /// For the dialect `credits`.
    api_key: &'a str,
    admin_token: &'a str,
    worker: &'a str,
    data: String,
    /// The worker's address as a node, if it is one.
    node: Option<String>,
}

/// Runs until told to stop.
pub(crate) fn run(args: Args) -> Result<()> {
    one_thread_for_models()?;
    telemetry::start(LogFormat::Text, "warn");
    let temporary = args.ephemeral.then(tempfile::tempdir).transpose()?;
    let file = args.config.as_deref().map(|path| Config::read(Some(path))).transpose()?;
    let config = Config {
        listen: args.listen,
        data: temporary.as_ref().map_or_else(|| args.data.clone(), |folder| folder.path().to_owned()),
        testnet: args.testnet,
        allow_unproven_workers: true,
        // Whoever is on this machine already can reach it without a webhook.
        webhooks_to: args.webhooks_to.unwrap_or(match args.listen.ip().is_loopback() {
            true => Reach::Loopback,
            false => Reach::Public,
        }),
        ..file.unwrap_or_default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(market(&args, &config))
}

async fn market(args: &Args, config: &Config) -> Result<()> {
    let coordinator = Coordinator::start(config).await?;
    let url = coordinator.url();
    let data = DataDir::open(&config.data)?;
    let api_key = own_key::own_key(&coordinator.engine, &data).await?;
    let engines = EngineArgs::or_default(&args.engines, &["tasks", EngineArgs::EMBEDDED]);
    let (stop, (events, mut heard)) = (CancellationToken::new(), mpsc::unbounded_channel());
    let node = (!args.no_node).then(|| node::of_folder(data.path(), args.gpu_tier)).transpose()?;
    let address = node.as_ref().map(|node| node.wallet.address().to_string());
    let listener = move |event| {
        events.send(event).ok(); // Nobody listens after the start.
    };
    let worker = start_worker(url.clone(), key(data.path())?, node, engines.clone(), stop.clone(), listener);
    let mut worker = tokio::spawn(worker);
    let connected = async {
        while let Some(event) = heard.recv().await {
            match event {
                docket_worker::Event::Connected { worker_id, .. } => return Some(worker_id),
                trouble if trouble.is_trouble() => eprintln!("docket: the worker: {trouble}"),
                _ => {}
            }
        }
        None
    };
    let worker_id = tokio::select! {
        id = tokio::time::timeout(WORKER_WITHIN, connected) => id.ok().flatten(),
        ended = &mut worker => {
            ended.context("the worker ended badly")??;
            None
        }
    };
    let worker_id = worker_id.context("the worker of this process was not let in")?;
    let shown = std::path::absolute(&config.data).unwrap_or_else(|_| config.data.clone());
    let ready = Ready {
        url: &url,
        api_key: api_key.expose(),
        admin_token: &coordinator.admin_token,
        worker: &worker_id,
        data: shown.display().to_string(),
        node: address,
    };
    let told = super::told_to_stop()?;
    announce(args, &ready, &engines, config.testnet)?;
    told.await?;
    eprintln!("docket: draining, running jobs finish");
    stop.cancel();
    worker.await.context("the worker ended badly")??;
    coordinator.drain().await
}

fn announce(args: &Args, ready: &Ready<'_>, engines: &[String], testnet: bool) -> Result<()> {
    if args.json {
        println!("{}", serde_json::to_string(ready)?);
        return Ok(());
    }
    let Ready { url, api_key, worker, data, node, .. } = ready;
    let tier = args.gpu_tier;
    let node =
        node.as_ref().map(|node| format!("node         {node}, GPU tier {tier}\n  ")).unwrap_or_default();
    let money =
        if testnet { "test money, minted for each job" } else { "clients spend what was credited to them" };
    let engines = engines.join(", ");
    println!(
        "Docket is ready.\n\n  \
           coordinator  {url}  ({money})\n  \
           worker       {worker}\n               runs {engines}\n  \
           {node}data         {data}\n  \
           admin token  {data}/admin.token\n  \
           API key      {api_key}\n               of the account me; kept in {data}/api.key\n\n\
         Ask for a price, submit a job, and see its receipt verified:\n\n  \
           curl '{url}/v1/quote?job_type=LLM_INFER'\n  \
           curl -X POST {url}/v1/jobs/commit/cheap -H 'Content-Type: application/json' \\\n    \
             -d '{{\"job_type\":\"TASK\",\"user_id\":\"ann\",\"payload\":{{\"job_type\":\"TASK\",\
                  \"task_type\":\"classify\",\"input\":\"This product is amazing.\"}}}}'\n  \
           curl '{url}/v1/jobs/JOB_ID?wait=30'\n\n\
         Or use it as any client of OpenAI does, with {url}/v1 as base URL and the API key:\n\n  \
           curl {url}/v1/models -H 'Authorization: Bearer {api_key}'\n\n\
         Ctrl-C drains and stops."
    );
    Ok(())
}
