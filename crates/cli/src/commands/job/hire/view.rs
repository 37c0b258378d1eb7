//! A job of agents as the coordinator shows it, and as people read it.

use super::court::Dispute;
use super::number::Number;
use crate::client::{Answer, Place};
use crate::commands::agent::view::Success;
use crate::show::plain;
use anyhow::Result;
use docket_protocol::instant;
use serde::Deserialize;

/// A job. Amounts are minor units in decimal digits, instants seconds since 1970.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    job_id: String,
    status: String,
    strategy_type: String,
    client: Party,
    provider: Option<Party>,
    evaluator: Option<Party>,
    evaluator_id: Option<String>,
    budget: String,
    escrow_balance: String,
    title: String,
    description: String,
    program_hash: Option<String>,
    rubric_hash: Option<String>,
    verification_level: Option<String>,
    borderline: Option<bool>,
    deliverable_hash: Option<String>,
    passed: Option<bool>,
    platform_fee: Option<String>,
    evaluator_fee: Option<String>,
    provider_payment: Option<String>,
    onchain_deadline: String,
    onchain_submitted_at: Option<String>,
    stake_locks: Vec<Lock>,
    cex_config: Option<Bounds>,
    valuation: Option<Valuation>,
    dispute: Option<Dispute>,
    offers: Vec<Offer>,
}

/// What is entrusted, and its bounds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounds {
    capital: String,
    stop_loss_bps: u16,
    target_return_bps: u16,
}

/// What the last attested snapshot says of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Valuation {
    reported_value: String,
    snapshot_ts: String,
    outcome: String,
    closed_reason: Option<String>,
    deliverable_hash: Option<String>,
}

/// Somebody who takes part.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    agent_id: String,
    name: Option<String>,
}

/// What is locked of somebody's stake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    role: String,
    amount: String,
    active: bool,
}

/// Somebody who would do it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    agent_id: String,
    owner_address: String,
    status: String,
    created_at: String,
}

/// Shows a job to anybody who asks.
pub(in crate::commands::job) async fn show(place: &Place, job: Number) -> Result<()> {
    tell(&place.client()?.get(&job.path("")).await?, place.json)
}

/// Tells of a job, mostly of one with which something was just done.
pub(super) fn tell(answer: &Answer, json: bool) -> Result<()> {
    if json {
        println!("{}", answer.text()?);
    } else {
        answer.parse::<Success<Job>>()?.data.show();
    }
    Ok(())
}

/// Seconds since 1970 as others read them.
fn moment(seconds: &str) -> String {
    let ms = seconds.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000));
    ms.map_or_else(|| plain(seconds), instant::format)
}

impl Offer {
    /// One line.
    pub(super) fn list(&self) {
        let Self { agent_id, owner_address, status, created_at } = self;
        println!("{}", plain(&format!("{agent_id:>6}  {owner_address}  {status:<9}  {created_at}")));
    }
}

impl Job {
    pub(super) fn deliverable_hash(&self) -> Option<&String> {
        self.deliverable_hash.as_ref()
    }

    /// One line.
    pub(super) fn list(&self) {
        let Self { job_id, status, strategy_type, budget, onchain_deadline, title, .. } = self;
        let until = moment(onchain_deadline);
        let line = format!("{job_id:>6}  {status:<10} {strategy_type:<11}  {budget:>14}  {until}  {title}");
        println!("{}", plain(line.trim_end()));
    }

    /// All that there is to say.
    fn show(&self) {
        let line = format!("{}  {}  {}", self.job_id, self.status, self.title);
        println!("{}", plain(line.trim_end()));
        let Self { strategy_type, budget, escrow_balance, .. } = self;
        let until = moment(&self.onchain_deadline);
        let line =
            format!("{strategy_type}, {budget} minor units, {escrow_balance} of them held, until {until}");
        println!("  {}", plain(&line));
        self.show_parties();
        self.show_capital();
        for Offer { agent_id, status, .. } in &self.offers {
            println!("  {:<10} agent {}, {}", "offer", plain(agent_id), plain(status));
        }
        for (name, hash) in [("program", &self.program_hash), ("rubric", &self.rubric_hash)] {
            if let Some(hash) = hash {
                println!("  {name:<10} {}", plain(hash));
            }
        }
        if let (Some(hash), Some(at)) = (&self.deliverable_hash, &self.onchain_submitted_at) {
            println!("  {:<10} {}, {}", "delivered", plain(hash), moment(at));
        }
        self.show_verdict();
        if let Some(dispute) = &self.dispute {
            dispute.show();
        }
        if !self.description.is_empty() {
            println!("  {}", plain(&self.description));
        }
    }

    fn show_capital(&self) {
        if let Some(Bounds { capital, stop_loss_bps, target_return_bps }) = &self.cex_config {
            let bounds =
                format!("stop-loss at {stop_loss_bps} and target at {target_return_bps} basis points");
            println!("  {:<10} {} minor units, {bounds}", "capital", plain(capital));
        }
        let Some(Valuation { reported_value, snapshot_ts, outcome, closed_reason, deliverable_hash }) =
            &self.valuation
        else {
            return;
        };
        let why = closed_reason.as_ref().map(|why| format!(", closed: {why}")).unwrap_or_default();
        let line = format!("worth      {reported_value} at {snapshot_ts}, {outcome}{why}");
        println!("  {}", plain(&line));
        if let (Some(hash), None) = (deliverable_hash, &self.deliverable_hash) {
            println!("  to deliver {}", plain(hash));
        }
    }

    fn show_parties(&self) {
        self.show_party("client", "CLIENT", Some(&self.client));
        self.show_party("provider", "PROVIDER", self.provider.as_ref());
        match (&self.evaluator, &self.evaluator_id) {
            (None, Some(wanted)) => {
                println!("  {:<10} agent {}, who has not taken it", "evaluator", plain(wanted));
            }
            (evaluator, _) => self.show_party("evaluator", "EVALUATOR", evaluator.as_ref()),
        }
    }

    fn show_party(&self, name: &str, role: &str, party: Option<&Party>) {
        let Some(Party { agent_id, name: called }) = party else { return };
        let called = called.as_ref().map(|called| format!(" {called}")).unwrap_or_default();
        let lock = self.stake_locks.iter().find(|lock| lock.role == role);
        let lock = lock.map(|Lock { amount, active, .. }| match active {
            true => format!(", {amount} locked"),
            false => format!(", {amount} was locked"),
        });
        let line = format!("{name:<10} agent {agent_id}{called}{}", lock.unwrap_or_default());
        println!("  {}", plain(&line));
    }

    fn show_verdict(&self) {
        if let Some(passed) = self.passed {
            let word = if passed { "accepted" } else { "refused" };
            let level = self.verification_level.as_ref().map(|level| format!(" at {level}"));
            let close = if self.borderline == Some(true) { ", called close" } else { "" };
            println!("  {}", plain(&format!("{word}{}{close}", level.unwrap_or_default())));
        }
        if let (Some(provider), Some(evaluator), Some(platform)) =
            (&self.provider_payment, &self.evaluator_fee, &self.platform_fee)
        {
            let line = format!(
                "{provider} to the provider, {evaluator} to the evaluator, {platform} to the platform"
            );
            println!("  {}", plain(&line));
        }
    }
}
