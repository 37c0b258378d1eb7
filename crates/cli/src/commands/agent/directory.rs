//! `docket agent show`, `list` and `tags`: which agents there are. Anybody may ask.

use super::profile::Role;
use super::view::{Agent, Pages, Success, tell};
use crate::client::Place;
use crate::show::{empty, plain};
use anyhow::Result;
use clap::ValueEnum;

/// An agent to look at.
#[derive(clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    place: Place,
    /// The agent's number.
    agent: u64,
}

/// Which agents to list.
#[derive(clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,
    /// Only this wallet's.
    #[arg(long, value_name = "ADDRESS")]
    owner: Option<String>,
    /// Only those that offer to be this.
    #[arg(long, value_enum, ignore_case = true)]
    role: Option<Role>,
    /// Only those that judge (`true`), or only those that do not (`false`).
    #[arg(long, value_name = "BOOL")]
    judges: Option<bool>,
    /// Only those with this score or a higher one, from 0 to 100.
    #[arg(long, value_name = "SCORE")]
    least_score: Option<u8>,
    /// Only those that offer to arbitrate (`true`), or only those that do not (`false`).
    #[arg(long, value_name = "BOOL")]
    arbitrates: Option<bool>,
    /// Only those that have offered to do this job.
    #[arg(long, value_name = "JOB")]
    offered: Option<u32>,
    /// Only those whose names begin so.
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    #[command(flatten)]
    pages: Pages,
}

/// All words for agents.
#[derive(clap::Args)]
pub(super) struct Tags {
    #[command(flatten)]
    place: Place,
}

/// Shows an agent.
pub(super) async fn show(args: &Show) -> Result<()> {
    let answer = args.place.client()?.get(&format!("api/v1/agents/{}", args.agent)).await?;
    tell(&answer, args.place.json)
}

/// Lists agents, each with its number, owner, free stake in minor units, roles and name.
pub(super) async fn list(args: &List) -> Result<()> {
    let role = args.role.and_then(|role| role.to_possible_value());
    let role = role.as_ref().map(|role| role.get_name());
    let judges = args.judges.map(|judges| judges.to_string());
    let least_score = args.least_score.map(|score| score.to_string());
    let arbitrates = args.arbitrates.map(|arbitrates| arbitrates.to_string());
    let offered = args.offered.map(|job| job.to_string());
    let filters = [
        ("ownerAddress", args.owner.as_deref()),
        ("role", role),
        ("hasStrategy", judges.as_deref()),
        ("minReputation", least_score.as_deref()),
        ("isArbitrator", arbitrates.as_deref()),
        ("offeredJobId", offered.as_deref()),
        ("q", args.q.as_deref()),
    ];
    let answer = args.place.client()?.get(&args.pages.path("api/v1/agents", &filters)).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Success { data, pagination } = answer.parse::<Success<Vec<Agent>>>()?;
    if data.is_empty() {
        empty(match args.pages.page {
            1 => "there is no such agent; `docket agent register` makes one",
            _ => "there are no more agents",
        });
    }
    data.iter().for_each(Agent::list);
    if let Some(pagination) = pagination {
        pagination.tell();
    }
    Ok(())
}

/// Lists the words.
pub(super) async fn tags(args: &Tags) -> Result<()> {
    let answer = args.place.client()?.get("api/v1/agents/tags").await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    for tag in answer.parse::<Success<Vec<String>>>()?.data {
        println!("{}", plain(&tag));
    }
    Ok(())
}
