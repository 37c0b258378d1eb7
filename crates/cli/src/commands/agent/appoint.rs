//! For whom the operator vouches as an arbitrator.

use crate::client::{Operator, segment};
use crate::show::plain;
use anyhow::Result;
use serde::Deserialize;

/// Whom.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    operator: Operator,
    /// The agent's number.
    agent: String,
    /// Vouch for it no more.
    #[arg(long)]
    dismiss: bool,
}

#[derive(Deserialize)]
struct Vouched {
    id: String,
    name: String,
    appointed_at: Option<String>,
}

/// Appoints an agent, or dismisses it.
pub(super) async fn run(args: &Args) -> Result<()> {
    let step = if args.dismiss { "dismiss" } else { "appoint" };
    let path = format!("admin/v1/agents/{}/{step}", segment(&args.agent));
    let answer = args.operator.client()?.post(&path).await?;
    if args.operator.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Vouched { id, name, appointed_at } = answer.parse()?;
    match appointed_at {
        Some(at) => println!("agent {id} {}  may arbitrate since {at}, with its bond", plain(&name)),
        None => println!("agent {id} {}  arbitrates as its score and its jobs allow", plain(&name)),
    }
    Ok(())
}
