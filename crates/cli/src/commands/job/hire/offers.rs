//! `docket job offer`, `withdraw-offer` and `offers`: who would do a job.

use super::number::Number;
use super::view::Offer as Shown;
use crate::client::Place;
use crate::commands::agent::signed::{Signer, Wish};
use crate::commands::agent::view::Success;
use crate::show::{empty, plain};
use anyhow::Result;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

/// An agent for a job.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Offer {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Which of the wallet's agents.
    #[arg(long, value_name = "AGENT")]
    agent: u64,
}

/// A job whose offers to list.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Offers {
    #[command(flatten)]
    place: Place,
    /// The job's number.
    job: Number,
}

/// What has become of an offer.
#[derive(Deserialize)]
struct Fate {
    status: String,
}

/// Makes the offer.
pub(super) async fn offer(args: &Offer) -> Result<()> {
    let path = args.job.path("/offers");
    let body = json!({"agentId": args.agent.to_string(), "ownerAddress": args.signer.key()?.address()});
    let resource = args.job.to_string();
    let wish = Wish { method: Method::POST, path: &path, action: Action::OFFERS, resource: &resource };
    let answer = args.signer.send(wish, &body).await?;
    tell(args, &answer)
}

/// Takes it back.
pub(super) async fn withdraw(args: &Offer) -> Result<()> {
    let path = args.job.path(&format!("/offers/{}", args.agent));
    let body = json!({"ownerAddress": args.signer.key()?.address()});
    let resource = args.job.to_string();
    let wish = Wish { method: Method::DELETE, path: &path, action: Action::OFFERS, resource: &resource };
    let answer = args.signer.send(wish, &body).await?;
    tell(args, &answer)
}

fn tell(args: &Offer, answer: &crate::client::Answer) -> Result<()> {
    if args.signer.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Fate { status } = answer.parse::<Success<Fate>>()?.data;
    println!("job {}: the offer of agent {} is {}", args.job, args.agent, plain(&status));
    Ok(())
}

/// Lists the offers, each with its agent, owner, status and time.
pub(super) async fn list(args: &Offers) -> Result<()> {
    let answer = args.place.client()?.get(&args.job.path("/offers")).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let offers = answer.parse::<Success<Vec<Shown>>>()?.data;
    if offers.is_empty() {
        empty("nobody has offered to do it");
    }
    offers.iter().for_each(Shown::list);
    Ok(())
}
