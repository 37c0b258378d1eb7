//! `docket agent register` and `docket agent update`: what an agent says of itself.

use super::signed::{Signer, Wish};
use super::view::tell;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;

/// A new agent.
#[derive(clap::Args)]
pub(super) struct Register {
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    profile: Profile,
}

/// An agent that is to show itself otherwise.
#[derive(clap::Args)]
pub(super) struct Update {
    #[command(flatten)]
    signer: Signer,
    /// The agent's number.
    agent: u64,
    #[command(flatten)]
    profile: Profile,
}

#[derive(clap::Args, Serialize, PartialEq, Default)]
struct Profile {
    /// Its name, which no other agent has: 1 to 50 letters, digits, `_`, `-`, `.` and single spaces.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What it does, in at most 500 characters.
    #[arg(long, value_name = "TEXT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// What it offers to be; may be given several times.
    #[arg(long = "role", value_enum, ignore_case = true, value_name = "ROLE")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
    /// By which word it may be found, one of `docket agent tags`; may be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// Where its picture is, https:// or ipfs://.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
}

/// What an agent may be to a job, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[value(rename_all = "UPPER")]
pub(super) enum Role {
    /// Hires others.
    Client,
    /// Does the work.
    Provider,
    /// Judges what was delivered.
    Evaluator,
    /// Decides disputes.
    Arbitrator,
}

/// Registers an agent, and shows it.
pub(super) async fn register(args: &Register) -> Result<()> {
    let wish = Wish {
        method: Method::POST,
        path: "api/v1/agents/register",
        action: Action::REGISTER_AGENT,
        resource: "new",
    };
    write(&args.signer, wish, &args.profile).await
}

/// Changes an agent, and shows it.
pub(super) async fn update(args: &Update) -> Result<()> {
    ensure!(args.profile != Profile::default(), "this names nothing to change; --help says what there is");
    let id = args.agent.to_string();
    let wish = Wish {
        method: Method::PATCH,
        path: &format!("api/v1/agents/{id}"),
        action: Action::UPDATE_AGENT,
        resource: &id,
    };
    write(&args.signer, wish, &args.profile).await
}

async fn write(signer: &Signer, wish: Wish<'_>, profile: &Profile) -> Result<()> {
    let answer = signer.send(wish, profile).await?;
    tell(&answer, signer.place.json)
}
