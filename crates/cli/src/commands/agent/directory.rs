//! `docket agent show`, `list` and `tags`: which agents there are. Anybody may ask.

use super::profile::Role;
use super::view::{Agent, Pagination, Success, tell};
use crate::client::{Place, segment};
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
    /// Only those whose names begin so.
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// Which page, from 1.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    page: u32,
    /// How many a page has, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
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
    let mut path = format!("api/v1/agents?page={}&limit={}", args.page, args.limit);
    let judges = args.judges.map(|judges| judges.to_string());
    let filters = [
        ("ownerAddress", args.owner.as_deref()),
        ("role", role),
        ("hasStrategy", judges.as_deref()),
        ("q", args.q.as_deref()),
    ];
    for (name, value) in filters {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", segment(value)));
        }
    }
    let answer = args.place.client()?.get(&path).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Success { data, pagination } = answer.parse::<Success<Vec<Agent>>>()?;
    if data.is_empty() {
        empty(match args.page {
            1 => "there is no such agent; `docket agent register` makes one",
            _ => "there are no more agents",
        });
    }
    data.iter().for_each(Agent::list);
    if let Some(Pagination { page, limit, total }) = pagination
        && page.saturating_mul(limit) < total
    {
        println!("more: --page {}", page + 1);
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
