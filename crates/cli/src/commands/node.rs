//! `docket node`: the nodes of a market, as everybody may see them; and the operator lets one back or challenges it.

use crate::client::{Operator, Place, block_on, segment};
use crate::show::{empty, plain};
use anyhow::Result;
use clap::Subcommand;
use serde::Deserialize;

/// What to do with nodes.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List nodes, the highest reputation first.
    List(List),
    /// Show a node.
    Show(Show),
    /// Let a node have jobs again that a challenge has refuted. Needs the operator's token.
    ///
    /// One that has gone by its own word comes back by registering.
    Reinstate(Reinstate),
    /// Challenge a node now, by jobs that it cannot tell from others. Needs the operator's token.
    Challenge(Reinstate),
    /// Show what came of a node's last challenges. Needs the operator's token.
    Challenges(Reinstate),
}

#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
    /// Only those of this GPU tier, 1 to 3.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    tier: Option<u8>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
    /// How many are left out.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=10_000))]
    offset: u16,
}

#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    place: Place,
    /// The node's address.
    address: String,
}

#[derive(clap::Args)]
struct Reinstate {
    #[command(flatten)]
    operator: Operator,
    /// The node's address.
    address: String,
}

/// What all answers of the dialect come in.
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Node>,
    total: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    address: String,
    endpoint: Option<String>,
    gpu_tier: u8,
    models: Option<Vec<String>>,
    reputation: u16,
    reputation_points: u16,
    state: String,
    online: bool,
    last_heartbeat: Option<String>,
    open_jobs: u16,
    concurrency: u16,
    jobs_completed: u32,
    jobs_failed: u32,
    registered_at: String,
}

#[derive(Deserialize)]
struct Reinstated {
    address: String,
    state: String,
}

/// Carries out the action.
pub(crate) fn run(args: &Args) -> Result<()> {
    block_on(async {
        match &args.action {
            Action::List(args) => list(args).await,
            Action::Show(args) => show(args).await,
            Action::Reinstate(args) => reinstate(args).await,
            Action::Challenge(args) => challenge(args).await,
            Action::Challenges(args) => challenges(args).await,
        }
    })
}

async fn list(args: &List) -> Result<()> {
    let mut path = format!("api/nodes?limit={}&offset={}", args.limit, args.offset);
    if let Some(tier) = args.tier {
        path.push_str(&format!("&gpuTier={tier}"));
    }
    let answer = args.place.client()?.get(&path).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Nodes { nodes, total } = answer.parse::<Envelope<Nodes>>()?.data;
    if nodes.is_empty() {
        empty(if args.offset == 0 { "there is no such node" } else { "there are no more nodes" });
    }
    nodes.iter().for_each(Node::list);
    let seen = usize::from(args.offset) + nodes.len();
    if !nodes.is_empty() && seen < total {
        println!("more: --offset {seen}");
    }
    Ok(())
}

async fn show(args: &Show) -> Result<()> {
    let answer = args.place.client()?.get(&format!("api/nodes/{}", segment(&args.address))).await?;
    match args.place.json {
        true => println!("{}", answer.text()?),
        false => answer.parse::<Envelope<Node>>()?.data.show(),
    }
    Ok(())
}

async fn reinstate(args: &Reinstate) -> Result<()> {
    let path = format!("admin/v1/nodes/{}/reinstate", segment(&args.address));
    let answer = args.operator.client()?.post(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Reinstated { address, state } = answer.parse()?;
    println!("{}", plain(&format!("{address} is {state}")));
    Ok(())
}

#[derive(Deserialize)]
struct Challenges {
    data: Vec<Challenge>,
}

#[derive(Deserialize)]
struct Challenge {
    model: String,
    state: String,
    why: Option<String>,
    opened_at: String,
    questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    outcome: String,
    agreed: Option<usize>,
    of: Option<usize>,
}

impl Challenge {
    fn show(&self) {
        let Self { model, state, why, opened_at, questions } = self;
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        println!("{}", plain(&format!("{opened_at}  {model}  {state}{why}")));
        for Question { outcome, agreed, of } in questions {
            let likeness = agreed.zip(*of).map(|(agreed, of)| format!(", {agreed} of {of} tokens"));
            println!("{}", plain(&format!("  {outcome}{}", likeness.unwrap_or_default())));
        }
    }
}

async fn challenge(args: &Reinstate) -> Result<()> {
    let path = format!("admin/v1/nodes/{}/challenge", segment(&args.address));
    let answer = args.operator.client()?.post(&path).await?;
    match args.operator.place.json {
        true => println!("{}", answer.text()?),
        false => answer.parse::<Challenge>()?.show(),
    }
    Ok(())
}

async fn challenges(args: &Reinstate) -> Result<()> {
    let path = format!("admin/v1/nodes/{}/challenges", segment(&args.address));
    let answer = args.operator.client()?.get(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Challenges { data } = answer.parse()?;
    if data.is_empty() {
        empty("this node was never challenged");
    }
    data.iter().for_each(Challenge::show);
    Ok(())
}

impl Node {
    fn presence(&self) -> &'static str {
        if self.online { "online" } else { "offline" }
    }

    /// One line.
    fn list(&self) {
        let Self { address, gpu_tier, reputation, state, open_jobs, concurrency, .. } = self;
        let Self { jobs_completed, jobs_failed, .. } = self;
        let line = format!(
            "{address}  tier {gpu_tier}  {reputation:>3} of 100  {state:<8}  {:<7}  {open_jobs} of {concurrency} at once  \
             {jobs_completed:>6} done {jobs_failed:>5} failed",
            self.presence()
        );
        println!("{}", plain(&line));
    }

    /// All that there is to say.
    fn show(&self) {
        let Self { address, gpu_tier, reputation_points, state, registered_at, .. } = self;
        let mut lines = vec![
            address.clone(),
            format!("  GPU tier {gpu_tier}, {state}, {}, since {registered_at}", self.presence()),
            format!("  reputation {reputation_points} of 10000, shown as {}", self.reputation),
            format!("  {} done, {} failed", self.jobs_completed, self.jobs_failed),
            format!("  {} of {} jobs at once", self.open_jobs, self.concurrency),
        ];
        if let Some(seen) = &self.last_heartbeat {
            lines.push(format!("  last sign of life {seen}"));
        }
        lines.push(match &self.endpoint {
            Some(endpoint) => format!("  jobs are posted to {endpoint}"),
            None => "  keeps a connection".to_owned(),
        });
        if let Some(models) = &self.models {
            lines.push(format!("  models {}", models.join(", ")));
        }
        println!("{}", plain(&lines.join("\n")));
    }
}
