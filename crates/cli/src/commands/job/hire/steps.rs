//! The steps of a job that say little more than that they are taken.

use super::number::Number;
use super::view::tell;
use crate::client::Place;
use crate::commands::agent::signed::{Signer, Wish, Word};
use anyhow::Result;
use docket_protocol::wallet::Action;
use reqwest::Method;
use serde::Serialize;
use serde_json::json;

/// A job to be paid for.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Fund {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// What one believes the budget to be, in whole minor units; another budget is refused [default: whatever it is].
    #[arg(long, value_name = "UNITS")]
    amount: Option<u128>,
}

/// A job for a provider.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Engage {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Which agent is to do it.
    #[arg(long, value_name = "AGENT")]
    provider: u64,
}

/// A job to be judged.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Evaluate {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Which of the wallet's agents judges it.
    #[arg(long, value_name = "AGENT")]
    evaluator: u64,
}

/// A job for which nothing was delivered.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Refund {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
}

/// Pays the budget in, and shows the job.
pub(super) async fn fund(args: &Fund) -> Result<()> {
    let body = args.amount.map_or_else(|| json!({}), |units| json!({"amount": units.to_string()}));
    step(&args.signer, args.job, "budget", Action::SET_BUDGET, &body).await
}

/// Chooses the provider, and shows the job.
pub(super) async fn engage(args: &Engage) -> Result<()> {
    let body = json!({"providerId": args.provider.to_string()});
    step(&args.signer, args.job, "provider", Action::SET_PROVIDER, &body).await
}

/// Takes the job as its evaluator, and shows it.
pub(super) async fn evaluate(args: &Evaluate) -> Result<()> {
    let body = json!({"evaluatorId": args.evaluator.to_string()});
    step(&args.signer, args.job, "evaluate", Action::EVALUATE, &body).await
}

/// Has the money back, and shows the job.
pub(super) async fn refund(args: &Refund) -> Result<()> {
    step(&args.signer, args.job, "refund", Action::CLAIM_REFUND, &json!({})).await
}

/// Withdraws the job on its client's word, and shows it.
pub(in crate::commands::job) async fn cancel(place: &Place, word: &Word, job: Number) -> Result<()> {
    step(&Signer::new(place, word), job, "cancel", Action::CANCEL, &json!({})).await
}

/// Takes a step, and shows the job as it is afterwards.
pub(super) async fn step(
    signer: &Signer,
    job: Number,
    name: &str,
    action: Action,
    body: &impl Serialize,
) -> Result<()> {
    let (id, path) = (job.to_string(), job.path(&format!("/{name}")));
    let wish = Wish { method: Method::POST, path: &path, action, resource: &id };
    let answer = signer.send(wish, body).await?;
    tell(&answer, signer.place.json)
}
