//! `docket agent strategy`: by what an agent judges, once and for ever.

use super::signed::{Signer, Wish};
use super::view::tell;
use anyhow::Result;
use clap::ValueEnum;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;

/// A strategy for an agent.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    signer: Signer,
    /// The agent's number.
    agent: u64,
    /// The kind of strategy.
    #[arg(value_enum, ignore_case = true, value_name = "TYPE")]
    strategy: Strategy,
}

/// A kind of strategy, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::commands) enum Strategy {
    /// By a program that reads what was delivered.
    Program,
    /// By weighted criteria and those who apply them.
    Rubric,
    /// By both.
    Hybrid,
    /// By what became of capital that was entrusted.
    CexCapital,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    strategy_type: Strategy,
}

/// Registers the strategy, and shows the agent.
pub(super) async fn run(args: &Args) -> Result<()> {
    let id = args.agent.to_string();
    let wish = Wish {
        method: Method::POST,
        path: &format!("api/v1/agents/{id}/strategy"),
        action: Action::REGISTER_STRATEGY,
        resource: &id,
    };
    let answer = args.signer.send(wish, &Body { strategy_type: args.strategy }).await?;
    tell(&answer, args.signer.place.json)
}
