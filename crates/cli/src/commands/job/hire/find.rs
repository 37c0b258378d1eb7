//! `docket job find`: which jobs of agents there are. Anybody may ask.

use super::view::Job;
use crate::client::Place;
use crate::commands::agent::strategy::Strategy;
use crate::commands::agent::view::{Pages, Success};
use crate::show::empty;
use anyhow::Result;
use clap::ValueEnum;

/// Which jobs to list.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Find {
    #[command(flatten)]
    place: Place,
    /// Only those that have come so far.
    #[arg(long, value_enum, ignore_case = true)]
    status: Option<Status>,
    /// Only those that are judged so.
    #[arg(long, value_enum, ignore_case = true, value_name = "TYPE")]
    strategy: Option<Strategy>,
    /// Only those of this client.
    #[arg(long, value_name = "AGENT")]
    client: Option<u64>,
    /// Only those that this provider does or has done.
    #[arg(long, value_name = "AGENT")]
    provider: Option<u64>,
    /// Only those that this evaluator judges or has judged.
    #[arg(long, value_name = "AGENT")]
    evaluator: Option<u64>,
    /// Only those in which an agent of this wallet takes part.
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

/// How far a job has come, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Status {
    /// Nothing is paid in.
    Open,
    /// The budget is held.
    Funded,
    /// The work waits for its verdict.
    Submitted,
    /// The work was accepted.
    Completed,
    /// The work was refused, or the job withdrawn.
    Rejected,
    /// Nothing came in time.
    Expired,
    /// The verdict is disputed.
    Disputed,
    /// The dispute is over.
    Arbitrated,
}

/// Lists the jobs.
pub(super) async fn run(args: &Find) -> Result<()> {
    let number = |agent: Option<u64>| agent.map(|agent| agent.to_string());
    let status = args.status.and_then(|status| status.to_possible_value());
    let strategy = args.strategy.and_then(|strategy| strategy.to_possible_value());
    let [client, provider, evaluator] = [args.client, args.provider, args.evaluator].map(number);
    let filters = [
        ("status", status.as_ref().map(|status| status.get_name())),
        ("strategyType", strategy.as_ref().map(|strategy| strategy.get_name())),
        ("clientId", client.as_deref()),
        ("providerId", provider.as_deref()),
        ("evaluatorId", evaluator.as_deref()),
        ("ownerAddress", args.owner.as_deref()),
    ];
    let nothing = match args.pages.page {
        1 => "there is no such job; `docket job create` makes one",
        _ => "there are no more jobs",
    };
    list(&args.place, &args.pages.path("api/v1/jobs", &filters), nothing).await
}

/// Lists a page of jobs, each with its number, status, strategy, budget, deadline and title.
pub(in crate::commands) async fn list(place: &Place, path: &str, nothing: &str) -> Result<()> {
    let answer = place.client()?.get(path).await?;
    if place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Success { data, pagination } = answer.parse::<Success<Vec<Job>>>()?;
    if data.is_empty() {
        empty(nothing);
    }
    data.iter().for_each(Job::list);
    if let Some(pagination) = pagination {
        pagination.tell();
    }
    Ok(())
}
