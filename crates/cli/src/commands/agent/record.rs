//! `docket agent jobs`, `locks` and `reputation`: what an agent has done and has at stake. Anybody may ask.

use super::view::{Pages, Success};
use crate::client::Place;
use crate::commands::job::hire;
use crate::show::{empty, plain};
use anyhow::Result;
use serde::Deserialize;

/// Whose jobs to list.
#[derive(clap::Args)]
pub(super) struct Jobs {
    #[command(flatten)]
    place: Place,
    /// The agent's number.
    agent: u64,
    #[command(flatten)]
    pages: Pages,
}

/// Whose locks to list.
#[derive(clap::Args)]
pub(super) struct Locks {
    #[command(flatten)]
    place: Place,
    /// The agent's number.
    agent: u64,
    /// Only those that hold (`true`), or only those that are open again (`false`).
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
}

/// Whose reputation to show.
#[derive(clap::Args)]
pub(super) struct Reputation {
    #[command(flatten)]
    place: Place,
    /// The agent's number.
    agent: u64,
}

/// What a job has locked, in minor units.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    job_id: Option<String>,
    role: String,
    amount: String,
    active: bool,
    locked_at: String,
    released_at: Option<String>,
}

/// What was counted of an agent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    agent_id: String,
    score: u8,
    total_jobs: u64,
    completed_jobs: u64,
    on_time_jobs: u64,
    approved_jobs: u64,
    dispute_wins: u64,
    evaluator_metrics: Verdicts,
    history: History,
}

/// Its work as a provider, which fades: jobs to a thousandth, and a score of 10,000.
#[derive(Deserialize)]
struct History {
    paid: String,
    lost: String,
    score: u32,
}

/// What was counted of an evaluator.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdicts {
    judged_count: u64,
    overturn_count: u64,
    borderline_count: u64,
}

/// Lists the jobs.
pub(super) async fn jobs(args: &Jobs) -> Result<()> {
    let path = args.pages.path(&format!("api/v1/agents/{}/jobs", args.agent), &[]);
    hire::list(&args.place, &path, "the agent has no jobs there").await
}

/// Lists the locks, each with its job, role and amount.
pub(super) async fn locks(args: &Locks) -> Result<()> {
    let active = args.active.map(|active| format!("?active={active}")).unwrap_or_default();
    let answer = args.place.client()?.get(&format!("api/v1/agents/{}/locks{active}", args.agent)).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let locks = answer.parse::<Success<Vec<Lock>>>()?.data;
    if locks.is_empty() {
        empty("nothing of its stake is locked so");
    }
    for Lock { job_id, role, amount, active, locked_at, released_at } in locks {
        let job = job_id.as_deref().unwrap_or("-");
        let until = match (active, released_at) {
            (false, Some(at)) => format!("until {at}"),
            _ => "still locked".to_owned(),
        };
        println!("{}", plain(&format!("{job:>6}  {role:<10}  {amount:>12}  {locked_at}  {until}")));
    }
    Ok(())
}

/// Shows the reputation.
pub(super) async fn reputation(args: &Reputation) -> Result<()> {
    let answer = args.place.client()?.get(&format!("api/v1/reputation/{}", args.agent)).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let record = answer.parse::<Success<Record>>()?.data;
    println!("{}  score {} of 100", plain(&record.agent_id), record.score);
    println!("  {} jobs, {} completed", record.total_jobs, record.completed_jobs);
    println!(
        "  {} on time, {} accepted, {} disputes won",
        record.on_time_jobs, record.approved_jobs, record.dispute_wins
    );
    let Verdicts { judged_count, overturn_count, borderline_count } = record.evaluator_metrics;
    println!("  {judged_count} judged, {overturn_count} of them overturned, {borderline_count} called close");
    let History { paid, lost, score } = record.history;
    let [paid, lost] = [paid, lost].map(|jobs| plain(&jobs));
    println!("  {paid} paid and {lost} lost that have not faded, as a provider: {score} of 10000");
    Ok(())
}
