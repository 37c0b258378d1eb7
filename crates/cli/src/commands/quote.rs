//! `docket quote`: what a kind of work costs.

use crate::client::{Client, Place, block_on};
use anyhow::Result;
use clap::ValueEnum;
use reqwest::Method;
use serde::Deserialize;

/// What a job would cost, and where it is to be committed.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The kind of work.
    #[arg(value_enum, default_value_t = Kind::Llm)]
    kind: Kind,
    /// Whether speed or price counts.
    #[arg(long, value_enum, default_value_t = Policy::Auto)]
    policy: Policy,
}

/// A kind of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// Inference by a language model.
    Llm,
    /// A built-in task.
    Task,
}

/// Whether speed or price counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Policy {
    /// Whatever is usual for the kind of work.
    Auto,
    /// Soon, at a higher price.
    Fast,
    /// For less.
    Cheap,
}

/// What the coordinator asks for a kind of work.
#[derive(Deserialize, Debug)]
pub(crate) struct Quote {
    /// In dollars.
    pub(crate) price: String,
    /// Where to commit.
    pub(crate) endpoint: String,
    policy_resolved: String,
    network: String,
}

impl Kind {
    /// The name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Llm => "LLM_INFER",
            Self::Task => "TASK",
        }
    }
}

impl Policy {
    const fn name(self) -> &'static str {
        match self {
            Self::Auto => "AUTO",
            Self::Fast => "FAST",
            Self::Cheap => "CHEAP",
        }
    }
}

/// Asks for a quote.
pub(crate) async fn ask(client: &Client, kind: Kind, policy: Policy) -> Result<(Quote, String)> {
    let path = format!("v1/quote?job_type={}&policy={}", kind.name(), policy.name());
    let answer = client.send(client.request(Method::GET, &path)?).await?;
    Ok((answer.parse()?, answer.text()?.to_owned()))
}

/// Prints the quote.
pub(crate) fn run(args: &Args) -> Result<()> {
    let client = args.place.client()?;
    let (quote, raw) = block_on(ask(&client, args.kind, args.policy))?;
    if args.place.json {
        println!("{raw}");
    } else {
        let Quote { price, endpoint, policy_resolved, network } = quote;
        println!("{price} for {} ({policy_resolved}), on {network}; commit to {endpoint}", args.kind.name());
    }
    Ok(())
}
