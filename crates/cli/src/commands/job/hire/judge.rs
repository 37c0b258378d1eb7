//! `docket job accept` and `docket job reject`: what an evaluator says of the work.

use super::hash::Named;
use super::number::Number;
use super::steps::step;
use crate::commands::agent::signed::Signer;
use anyhow::Result;
use clap::ValueEnum;
use docket_protocol::wallet::Action;
use serde::Serialize;

/// Work that is good.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Accept {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    #[command(flatten)]
    judgement: Judgement,
}

/// Work that is not.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Reject {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
    /// Why. Garbage costs the provider a part of its lock, bad faith the client.
    #[arg(long, value_enum, default_value_t = Reason::Criteria)]
    reason: Reason,
    #[command(flatten)]
    judgement: Judgement,
}

#[derive(clap::Args)]
struct Judgement {
    /// How strongly the work was verified: L0 or L1 for RUBRIC, L2 or L3 for PROGRAM, L3 for the others [default: the
    /// least that the job's strategy has].
    #[arg(long, value_enum, ignore_case = true)]
    level: Option<Level>,
    /// Call the verdict close: to dispute it costs half as much.
    #[arg(long)]
    borderline: bool,
    /// What proves the verdict: 0x and 64 hexadecimal digits, or the file whose Keccak-256 that is.
    #[arg(long, value_name = "HASH|FILE")]
    proof: Option<Named>,
}

/// Why work is refused, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Reason {
    /// It does not meet the criteria.
    Criteria,
    /// It is not even an attempt.
    Garbage,
    /// The client has made it impossible.
    BadFaith,
}

/// How strongly work was verified, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize)]
enum Level {
    #[value(name = "L0")]
    L0,
    #[value(name = "L1")]
    L1,
    #[value(name = "L2")]
    L2,
    #[value(name = "L3")]
    L3,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_level: Option<Level>,
    borderline: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_hash: Option<String>,
}

impl Judgement {
    fn body(&self, reason_code: Option<Reason>) -> Result<Body> {
        let proof_hash = self.proof.as_ref().map(Named::hash).transpose()?;
        Ok(Body { reason_code, verification_level: self.level, borderline: self.borderline, proof_hash })
    }
}

/// Accepts the work, and shows the job.
pub(super) async fn accept(args: &Accept) -> Result<()> {
    step(&args.signer, args.job, "complete", Action::COMPLETE, &args.judgement.body(None)?).await
}

/// Refuses it, and shows the job.
pub(super) async fn reject(args: &Reject) -> Result<()> {
    step(&args.signer, args.job, "reject", Action::REJECT, &args.judgement.body(Some(args.reason))?).await
}
