//! An agent as the coordinator shows it, and as people read it.

use crate::client::{Answer, segment};
use crate::show::plain;
use anyhow::Result;
use serde::Deserialize;

/// What all answers of the dialect come in.
#[derive(Deserialize)]
pub(in crate::commands) struct Success<T> {
    pub(in crate::commands) data: T,
    pub(in crate::commands) pagination: Option<Pagination>,
}

#[derive(Deserialize)]
pub(in crate::commands) struct Pagination {
    page: u64,
    limit: u64,
    total: u64,
}

/// Which page of a list.
#[derive(clap::Args)]
pub(in crate::commands) struct Pages {
    /// Which page, from 1.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(in crate::commands) page: u32,
    /// How many a page has, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    limit: u8,
}

impl Pages {
    /// A path that asks for this page, with filters as far as they are given.
    pub(in crate::commands) fn path(&self, path: &str, filters: &[(&str, Option<&str>)]) -> String {
        let mut path = format!("{path}?page={}&limit={}", self.page, self.limit);
        for (name, value) in filters {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", segment(value)));
            }
        }
        path
    }
}

impl Pagination {
    /// Says how to see the next page, if there is one.
    pub(in crate::commands) fn tell(&self) {
        if self.page.saturating_mul(self.limit) < self.total {
            println!("more: --page {}", self.page + 1);
        }
    }
}

/// An agent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Agent {
    agent_id: String,
    owner_address: String,
    name: Option<String>,
    description: String,
    roles: Vec<String>,
    tags: Vec<String>,
    avatar: Option<String>,
    created_at: String,
    staking_pool: Pool,
    evaluator_capability: Option<Capability>,
}

/// What an agent has at stake, in minor units.
#[derive(Deserialize)]
pub(super) struct Pool {
    pub(super) available: String,
}

/// By what an agent judges.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Capability {
    strategy_type: String,
    registered_at: String,
}

/// Tells of an agent that somebody asked for.
pub(super) fn tell(answer: &Answer, json: bool) -> Result<()> {
    if json {
        println!("{}", answer.text()?);
    } else {
        answer.parse::<Success<Agent>>()?.data.show();
    }
    Ok(())
}

impl Agent {
    fn name(&self) -> String {
        self.name.as_deref().map_or_else(|| "-".to_owned(), plain)
    }

    /// One line.
    pub(super) fn list(&self) {
        let Self { agent_id, owner_address, roles, staking_pool, .. } = self;
        let roles = if roles.is_empty() { "-".to_owned() } else { roles.join(",") };
        let line = format!("{agent_id:>6}  {owner_address}  {:>12}  {roles:<17}", staking_pool.available);
        println!("{}  {}", plain(&line), self.name());
    }

    /// All that there is to say.
    fn show(&self) {
        let Self { agent_id, owner_address, created_at, staking_pool, .. } = self;
        println!("{}  {}", plain(agent_id), self.name());
        println!("  of {}, since {}", plain(owner_address), plain(created_at));
        println!("  {} minor units of free stake", plain(&staking_pool.available));
        for (before, words) in [("", &self.roles), ("found by ", &self.tags)] {
            if !words.is_empty() {
                println!("  {before}{}", plain(&words.join(", ")));
            }
        }
        if let Some(Capability { strategy_type, registered_at }) = &self.evaluator_capability {
            println!("  judges by {}, since {}", plain(strategy_type), plain(registered_at));
        }
        if let Some(avatar) = &self.avatar {
            println!("  picture {}", plain(avatar));
        }
        if !self.description.is_empty() {
            println!("  {}", plain(&self.description));
        }
    }
}
