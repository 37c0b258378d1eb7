//! `docket job disputes` and `docket job contest`: verdicts that somebody does not believe.

use super::number::Number;
use super::steps::step;
use crate::client::{Answer, Place};
use crate::commands::agent::signed::Signer;
use crate::commands::agent::view::{Pages, Success};
use crate::show::{empty, plain};
use anyhow::Result;
use clap::ValueEnum;
use docket_protocol::wallet::Action;
use serde::Deserialize;
use serde_json::json;

/// Which disputes to list.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Disputes {
    #[command(flatten)]
    place: Place,
    /// Only those that have come so far.
    #[arg(long, value_enum, ignore_case = true)]
    status: Option<Status>,
    /// Only those that this agent has opened.
    #[arg(long, value_name = "AGENT")]
    initiator: Option<u64>,
    /// Only that of this job.
    #[arg(long)]
    job: Option<Number>,
    #[command(flatten)]
    pages: Pages,
}

/// A verdict to be disputed.
#[derive(clap::Args)]
pub(in crate::commands::job) struct Contest {
    #[command(flatten)]
    signer: Signer,
    /// The job's number.
    job: Number,
}

/// How far a dispute has come, as the dialect writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Status {
    /// Nobody is bound to a vote.
    Open,
    /// Somebody is.
    Voting,
    /// Votes are revealed.
    Reveal,
    /// It is over.
    Settled,
}

/// A dispute. Amounts are in minor units.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dispute {
    dispute_id: String,
    status: String,
    initiator: Initiator,
    deposit: String,
    created_at: String,
    commit_deadline: String,
    reveal_deadline: Option<String>,
    settled_at: Option<String>,
    outcome: Option<String>,
    votes: Vec<Seat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initiator {
    agent_id: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seat {
    arbitrator: Option<Arbitrator>,
    commitment: Option<String>,
    vote: Option<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arbitrator {
    agent_id: String,
}

/// Opens the dispute, and shows the job.
pub(super) async fn contest(args: &Contest) -> Result<()> {
    step(&args.signer, args.job, "dispute", Action::FILE_DISPUTE, &json!({})).await
}

/// Lists disputes, each with its job, status, outcome, deposit, time and who opened it.
pub(super) async fn list(args: &Disputes) -> Result<()> {
    let status = args.status.and_then(|status| status.to_possible_value());
    let initiator = args.initiator.map(|agent| agent.to_string());
    let job = args.job.map(|job| job.to_string());
    let filters = [
        ("status", status.as_ref().map(|status| status.get_name())),
        ("initiator", initiator.as_deref()),
        ("jobId", job.as_deref()),
    ];
    let answer = args.place.client()?.get(&args.pages.path("api/v1/disputes", &filters)).await?;
    if args.place.json {
        println!("{}", answer.text()?);
        return Ok(());
    }
    let Success { data, pagination } = answer.parse::<Success<Vec<Dispute>>>()?;
    if data.is_empty() {
        empty("there is no such dispute");
    }
    data.iter().for_each(Dispute::list);
    if let Some(pagination) = pagination {
        pagination.tell();
    }
    Ok(())
}

/// Tells of a dispute in which somebody has voted.
pub(super) fn tell(answer: &Answer, json: bool) -> Result<()> {
    if json {
        println!("{}", answer.text()?);
    } else {
        let dispute = answer.parse::<Success<Dispute>>()?.data;
        println!("job {}", plain(&dispute.dispute_id));
        dispute.show();
    }
    Ok(())
}

impl Dispute {
    pub(super) fn created_at(&self) -> &str {
        &self.created_at
    }

    /// One line.
    fn list(&self) {
        let Self { dispute_id, status, deposit, created_at, initiator, .. } = self;
        let outcome = self.outcome.as_deref().unwrap_or("-");
        let by = format!("{} {}", initiator.role, initiator.agent_id);
        let line = format!("{dispute_id:>6}  {status:<8}{outcome:<11}{deposit:>14}  {created_at}  {by}");
        println!("{}", plain(&line));
    }

    /// All that there is to say, beneath its job.
    pub(super) fn show(&self) {
        let Self { status, initiator: Initiator { agent_id, role }, deposit, created_at, .. } = self;
        let line = format!("dispute {status}, opened by {role} {agent_id} with {deposit}, {created_at}");
        println!("  {}", plain(&line));
        match (&self.outcome, &self.settled_at, &self.reveal_deadline) {
            (Some(outcome), Some(at), _) => println!("    {}", plain(&format!("{outcome}, {at}"))),
            (_, _, Some(reveal)) => {
                let line = format!("votes until {}, revealed until {reveal}", self.commit_deadline);
                println!("    {}", plain(&line));
            }
            _ => println!("    votes until {}", plain(&self.commit_deadline)),
        }
        for seat in &self.votes {
            let Some(Arbitrator { agent_id }) = &seat.arbitrator else {
                println!("    a seat for which nobody was found");
                continue;
            };
            let said = match (seat.vote, &seat.commitment) {
                (Some(0), _) => "upholds the verdict",
                (Some(_), _) => "overturns the verdict",
                (None, Some(_)) => "is bound to a vote",
                (None, None) => "has not voted",
            };
            println!("    agent {} {said}", plain(agent_id));
        }
    }
}
