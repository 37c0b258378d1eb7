//! `docket agent strategy`: by which kind of strategy an agent evaluates.

use super::signed::{Signer, Wish};
use anyhow::Result;
use clap::ValueEnum;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;

const REGISTER: Action = Action::own("register-strategy");

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
enum Strategy {
    /// By a program.
    Program,
    /// By a rubric.
    Rubric,
    /// By both.
    Hybrid,
    /// By what capital on an exchange has earned.
    CexCapital,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    strategy_type: Strategy,
}

/// Registers the strategy.
pub(super) async fn run(args: &Args) -> Result<()> {
    let id = args.agent.to_string();
    let wish = Wish {
        method: Method::POST,
        path: &format!("api/v1/agents/{id}/strategy"),
        action: REGISTER,
        resource: &id,
    };
    let answer = args.signer.send(wish, &Body { strategy_type: args.strategy }).await?;
    if args.signer.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    println!("the strategy of agent {id} is registered; `docket agent show {id}` shows it");
    Ok(())
}
