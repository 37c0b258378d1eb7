//! `docket agent deposit` and `docket agent withdraw`: an agent's stake.

use super::signed::{Signer, Wish};
use super::view::{Pool, Success};
use crate::show::plain;
use anyhow::Result;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;

/// Where the money comes from and goes to.
pub(super) const ACCOUNT: &str = "The owner's own account is client:agents:ADDRESS, with the wallet's address in lower \
    case; `docket agent key show` names it.\nThe operator tops it up: docket ledger credit client:agents:0x... UNITS";

/// An amount for an agent.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    signer: Signer,
    /// The agent's number.
    agent: u64,
    /// Whole minor units, such as 10000000 for ten dollars.
    units: u128,
}

/// Into the stake or out of it.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Deposit,
    Withdraw,
}

#[derive(Serialize)]
struct Body {
    amount: String,
}

/// Moves the money.
pub(super) async fn run(args: &Args, way: Way) -> Result<()> {
    let (name, action) = match way {
        Way::Deposit => ("deposit", Action::DEPOSIT),
        Way::Withdraw => ("withdraw", Action::WITHDRAW),
    };
    let id = args.agent.to_string();
    let path = format!("api/v1/agents/{id}/{name}");
    let wish = Wish { method: Method::POST, path: &path, action, resource: &id };
    let answer = args.signer.send(wish, &Body { amount: args.units.to_string() }).await?;
    if args.signer.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Pool { available } = answer.parse::<Success<Pool>>()?.data;
    println!("agent {id} has {} minor units of free stake", plain(&available));
    Ok(())
}
