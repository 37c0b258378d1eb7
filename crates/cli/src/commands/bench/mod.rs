//! `docket bench`: drives a coordinator with real workers, and prints what it does and what that costs.
//!
//! The coordinator runs as a process of its own; load and workers run in this one, on one thread.

mod chat;
mod child;
mod figures;
mod fill;
mod fleet;
mod hires;
mod http;
mod idle;
mod limits;
mod load;
mod nodes;
mod run;
mod stages;
mod streams;
mod usage;
mod work;

use anyhow::Result;

/// Full lives of jobs over HTTP and real worker sockets: throughput, percentiles, processor time, memory, disk.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(flatten)]
    plan: run::Plan,
    #[command(subcommand)]
    other: Option<Other>,
}

#[derive(clap::Subcommand)]
enum Other {
    /// Memory and processor time of workers who only wait.
    Idle(idle::Args),
    /// Throughput, lists and restarts with a long history.
    Fill(fill::Args),
    /// Jobs among agents: lists with a long history, and signed requests.
    Hires(hires::Args),
    /// Advice at a steady rate with many nodes who all show life.
    Nodes(nodes::Args),
    /// Memory of open streams, and whether one client who does not read holds up others.
    Streams(streams::Args),
    /// An inference server that costs next to nothing, for `--dialect credits` and for other gateways.
    Upstream(chat::upstream::Args),
}

/// Measures.
pub(crate) fn run(args: Args) -> Result<()> {
    usage::allow_files(16_384)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.other {
            None => run::run(args.plan).await,
            Some(Other::Idle(args)) => idle::run(args).await,
            Some(Other::Fill(args)) => fill::run(args).await,
            Some(Other::Hires(args)) => hires::run(args).await,
            Some(Other::Nodes(args)) => nodes::run(args).await,
            Some(Other::Streams(args)) => streams::run(args).await,
            Some(Other::Upstream(args)) => chat::upstream::run(args).await,
        }
    })
}
