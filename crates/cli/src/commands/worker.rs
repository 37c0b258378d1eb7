//! `docket worker`: runs a worker, or shows those of a market.

use super::reputation::Explanation;
use super::worker_run;
use crate::client::{Client, Operator, block_on, segment};
use crate::show::{Money, empty, short};
use anyhow::{Result, bail};
use clap::Subcommand;
use serde::Deserialize;

/// How many letters a worker's id has.
const ID: usize = 64;

/// Without an action this runs a worker.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[group(skip)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: worker_run::Args,
}

#[derive(Subcommand)]
enum Action {
    /// List all workers that have ever connected. Needs the operator's token.
    List(List),
    /// Show one worker, and each point of its reputations. Needs the operator's token.
    Show(One),
    /// Say why a job has the worker that it has, or has none. Needs the operator's token.
    Why(Why),
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    operator: Operator,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// Begin after this key.
    #[arg(long)]
    after: Option<String>,
}

#[derive(clap::Args)]
struct One {
    #[command(flatten)]
    operator: Operator,
    /// The worker's key, in hexadecimal, or how it begins.
    worker: String,
}

#[derive(clap::Args)]
struct Why {
    #[command(flatten)]
    operator: Operator,
    /// The job's id.
    job: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    proven: bool,
    suspended: bool,
    completed: u32,
    failed: u32,
    reputation: Reputation,
    stake: Money,
    first_seen: String,
    node: Option<Node>,
    live: Option<Live>,
}

/// As what a worker is enrolled for jobs that ask for a class of hardware.
#[derive(Deserialize)]
struct Node {
    address: String,
    gpu_tier: u8,
    state: String,
}

/// A worker, and why its reputations are what they are.
#[derive(Deserialize)]
struct Details {
    #[serde(flatten)]
    row: Row,
    #[serde(flatten)]
    explanation: Explanation,
}

/// From 0 to 1000 each.
#[derive(Deserialize)]
struct Reputation {
    score: u16,
    completion: u16,
    latency: u16,
    proof: u16,
    uptime: u16,
}

#[derive(Deserialize)]
struct Live {
    connected: bool,
    class: String,
    infer: bool,
    task: bool,
    models: Vec<String>,
    concurrency: u16,
    running: u16,
    jobs: Vec<String>,
    draining: bool,
    price_floor: Money,
    last_seen: String,
    cooling_until: Option<String>,
}

#[derive(Deserialize)]
struct Explained {
    job: Job,
    decision: Option<Decision>,
    now: Vec<Judged>,
    unfit: Vec<Count>,
    connected: usize,
}

#[derive(Deserialize)]
struct Job {
    id: String,
    state: String,
}

#[derive(Deserialize)]
struct Decision {
    chosen: Option<Choice>,
    next: Vec<Choice>,
    unfit: Vec<Count>,
}

#[derive(Deserialize)]
struct Choice {
    worker: String,
    score: String,
    lost: Option<String>,
}

#[derive(Deserialize)]
struct Judged {
    worker: String,
    score: Option<String>,
    unfit: Option<String>,
}

#[derive(Deserialize)]
struct Count {
    reason: String,
    workers: usize,
}

/// Runs a worker, or shows some.
pub(crate) fn run(args: Args) -> Result<()> {
    match args.action {
        None => worker_run::run(args.run),
        Some(Action::List(args)) => block_on(list(&args)),
        Some(Action::Show(args)) => block_on(show(&args)),
        Some(Action::Why(args)) => block_on(why(&args)),
    }
}

async fn list(args: &List) -> Result<()> {
    let mut path = format!("admin/v1/workers?limit={}", args.limit);
    if let Some(after) = &args.after {
        path.push_str(&format!("&after={}", segment(after)));
    }
    let answer = args.operator.client()?.get(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let page: Page = answer.parse()?;
    if page.data.is_empty() {
        empty(if args.after.is_some() {
            "there are no more workers"
        } else {
            "no worker has ever connected"
        });
    }
    for row in &page.data {
        let Row { id, completed, failed, reputation, stake, .. } = row;
        println!(
            "{}  {:<12} {:>4} of 1000 {completed:>7} done {failed:>5} failed  {stake} at stake  {}{}",
            short(id),
            row.standing(),
            reputation.score,
            row.node.as_ref().map(|node| format!("{node}  ")).unwrap_or_default(),
            row.work()
        );
    }
    if let Some(next) = &page.next {
        println!("more: --after {next}");
    }
    Ok(())
}

/// The id that begins like this, if there is one alone: lists show no more of it.
async fn whole(client: &Client, text: &str) -> Result<String> {
    let is_part = text.len() < ID && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_part {
        return Ok(text.to_owned());
    }
    let begins = text.to_ascii_lowercase();
    let after = before(&begins).map(|id| format!("&after={id}")).unwrap_or_default();
    let page: Page = client.get(&format!("admin/v1/workers?limit=2{after}")).await?.parse()?;
    let mut alike = page.data.into_iter().map(|row| row.id).filter(|id| id.starts_with(&begins));
    match (alike.next(), alike.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("several workers begin with {text}"),
        (None, _) => bail!("no worker begins with {text}"),
    }
}

/// The last id before all that begin like this, in lower case.
fn before(begins: &str) -> Option<String> {
    let counts = begins.trim_end_matches('0');
    let (head, last) = counts.split_at_checked(counts.len().checked_sub(1)?)?;
    let less = u32::from_str_radix(last, 16).ok()?.checked_sub(1)?;
    Some(format!("{:f<ID$}", format!("{head}{less:x}")))
}

async fn show(args: &One) -> Result<()> {
    let client = args.operator.client()?;
    let id = whole(&client, &args.worker).await?;
    let answer = client.get(&format!("admin/v1/workers/{}", segment(&id))).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Details { row, explanation } = answer.parse()?;
    let key = if row.proven { "key proven" } else { "key never proven" };
    println!("{}\n  {}, {key}, first seen {}", row.id, row.standing(), row.first_seen);
    println!("  {} done, {} failed", row.completed, row.failed);
    let Reputation { score, completion, latency, proof, uptime } = row.reputation;
    println!(
        "  reputation {score} of 1000: completion {completion}, latency {latency}, proof {proof}, uptime {uptime}"
    );
    print!("{explanation}");
    println!("  {} at stake", row.stake);
    if let Some(node) = &row.node {
        println!("  {node}");
    }
    let Some(live) = &row.live else { return Ok(()) };
    let Live { class, concurrency, running, price_floor, last_seen, .. } = live;
    println!("  {class}: {}, {running} of {concurrency} at once, from {price_floor}", row.work());
    println!("  last sign of life {last_seen}");
    if let Some(until) = &live.cooling_until {
        println!("  gets nothing before {until}: it has failed several times in a row");
    }
    for job in &live.jobs {
        println!("  has {job}");
    }
    Ok(())
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, gpu_tier, state } = self;
        write!(f, "node {address}, GPU tier {gpu_tier}, {}", state.replace('_', " "))
    }
}

impl Row {
    fn standing(&self) -> &'static str {
        match &self.live {
            _ if self.suspended => "suspended",
            Some(live) if live.draining => "draining",
            Some(live) if live.connected => "connected",
            Some(_) => "expected",
            None => "away",
        }
    }

    fn work(&self) -> String {
        let Some(live) = &self.live else { return String::new() };
        let kinds = [("llm", live.infer), ("tasks", live.task)];
        let kinds = kinds.into_iter().filter(|(_, can)| *can).map(|(name, _)| name.to_owned());
        kinds.chain(live.models.iter().cloned()).collect::<Vec<_>>().join(", ")
    }
}

async fn why(args: &Why) -> Result<()> {
    let answer = args.operator.client()?.get(&format!("admin/v1/jobs/{}/why", segment(&args.job))).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Explained { job, decision, now, unfit, connected } = answer.parse()?;
    println!("{} is {}", job.id, job.state);
    if let Some(decision) = decision {
        print_decision(&decision);
    }
    println!("as things stand now, of {connected} connected workers:");
    for Judged { worker, score, unfit } in &now {
        let words = match (score, unfit) {
            (Some(score), _) => format!("fits, with {score} points"),
            (None, reason) => format!("does not fit: {}", reason.as_deref().unwrap_or("unknown")),
        };
        println!("  {}  {words}", short(worker));
    }
    for Count { reason, workers } in &unfit {
        println!("  {workers} unfit: {reason}");
    }
    Ok(())
}

fn print_decision(decision: &Decision) {
    if let Some(Choice { worker, score, .. }) = &decision.chosen {
        println!("given to {} with {score} points", short(worker));
    }
    for Choice { worker, score, lost } in &decision.next {
        println!("  then {} with {score} points: {}", short(worker), lost.as_deref().unwrap_or_default());
    }
    for Count { reason, workers } in &decision.unfit {
        println!("  {workers} unfit then: {reason}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_begins_just_before_all_ids_that_begin_so() {
        assert_eq!(before("ab0"), Some(format!("aa{}", "f".repeat(62))));
        assert_eq!(before("1"), Some(format!("0{}", "f".repeat(63))));
        assert_eq!(before("000"), None, "nothing comes before");
        assert_eq!(before(""), None);
    }
}
