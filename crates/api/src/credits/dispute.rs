//! Disputes: a client says that he received something else than the worker says he delivered. The coordinator has
//! hashed what it relayed, so what it can prove is decided at once; only the rest waits for the arbiter.

use super::auth::Caller;
use super::errors::{Code, Problem};
use super::jobs::{JobName, of_caller};
use super::price::credits;
use super::wire::{Output, log_reference, seconds};
use crate::app::App;
use crate::limits::read_body;
use crate::workers::Receipts;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use docket_core::event::Voucher;
use docket_core::hash::Sha256;
use docket_core::job::{Job, State as JobState};
use docket_core::policy::{Judge, Ruling};
use docket_engine::{EngineError, JournalRow, TransferRow};
use docket_protocol::digest::Digest;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The one field of a dispute's body.
const RECEIVED: &str = "received_output_hash";

/// Digests of one answer's text.
struct Hashes {
    /// What the worker's receipt says; where that is silent, what the receipt's output holds.
    worker: Digest,
    /// What the client was told.
    relayed: Digest,
    voucher: Voucher,
}

impl Hashes {
    /// Reads them; `None` if nothing that is text was delivered.
    async fn of(app: &App, job: &Job) -> Result<Option<Self>, Problem> {
        let Some(delivery) = job.delivery().filter(|_| !job.ask.is_of_vectors()) else { return Ok(None) };
        let answer = app.engine.answer(job.id).await.map_err(EngineError::from)?;
        let Some(answer) = answer else { return Ok(None) };
        let Some(output) = Output::parse(&answer.output) else { return Ok(None) };
        let relayed = Digest::of(output.text.as_bytes());
        let full = Receipts::parse(&answer.receipt).and_then(|receipts| receipts.full);
        let worker = full.and_then(|full| full.text_hash).unwrap_or(relayed);
        Ok(Some(Self { worker, relayed, voucher: delivery.voucher }))
    }

    /// How a dispute ends that the coordinator can decide as a witness. What no worker has signed is its own word, in
    /// which it is no witness.
    fn decided(&self) -> Option<Ruling> {
        match self.voucher {
            _ if self.worker != self.relayed => Some(Ruling::ForClient),
            Voucher::Worker => Some(Ruling::ForWorker),
            Voucher::Coordinator => None,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Opened {
    job_id: String,
    dispute_opened: bool,
    your_hash: Digest,
    worker_hash: Digest,
    /// Where the log has what the dispute has moved; `null` as long as nothing has moved.
    dispute_tx: Option<String>,
    arbitration_window_hours: i64,
    /// How it ended, if that was decided at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    ruling: Option<&'static str>,
}

/// `POST /v1/jobs/{id}/dispute`: compares what the client received with what the worker delivered.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
    body: Body,
) -> Result<Json<Opened>, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    let received = received(&read_body(body, app.settings.limits.body).await?)?;
    let hashes = match &job.state {
        state if !state.is_answered() => {
            let words = "The job has no answer yet, so there is nothing to dispute.";
            return Err(Problem::new(Code::Unfinished, words));
        }
        _ => Hashes::of(&app, &job).await?,
    };
    let hashes = hashes.ok_or_else(|| {
        Problem::new(Code::NothingDelivered, "Nothing was delivered for this job, and nothing was charged.")
    })?;
    let mut opened = Opened {
        job_id: job.public_id.text.to_string(),
        dispute_opened: false,
        your_hash: received,
        worker_hash: hashes.worker,
        dispute_tx: None,
        arbitration_window_hours: job.policy.arbitration.within.0 / 3_600_000,
        ruling: None,
    };
    if received == hashes.worker {
        return Ok(Json(opened));
    }
    let (claim, decided) = (Some(Sha256::from(received)), hashes.decided());
    let log_index = app.engine.dispute(job.id, claim, decided).await?.log_index;
    opened.dispute_opened = true;
    opened.dispute_tx = log_index.map(log_reference);
    opened.ruling = decided.map(word);
    Ok(Json(opened))
}

fn received(body: &[u8]) -> Result<Digest, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        Problem::new(Code::InvalidRequest, format!("The request body is not a JSON object: {error}"))
    })?;
    let words = "`received_output_hash` must be `sha256:` and 64 lower-case hexadecimal digits: the SHA-256 of the \
                 text that you received, in UTF-8, without a newline at its end.";
    let received = body.get(RECEIVED).and_then(Value::as_str).and_then(Digest::parse);
    received.ok_or_else(|| Problem::at(RECEIVED, words))
}

/// The word for a ruling.
const fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::ForWorker => "for_worker",
        Ruling::ForClient => "for_client",
        Ruling::Divided { .. } => "divided",
    }
}

/// A dispute, and all that is known of it.
#[derive(Serialize)]
pub(super) struct View {
    object: &'static str,
    job_id: String,
    /// `open` or `ruled`.
    status: &'static str,
    opened_at: String,
    /// Without a ruling until then, the published default holds.
    deadline: String,
    ruled_at: Option<String>,
    ruling: Option<&'static str>,
    /// The client's share of a divided sum, in hundredths of a percent.
    client_share_bp: Option<u16>,
    decided_by: Option<&'static str>,
    evidence: Evidence,
    transfers: Vec<Moved>,
}

/// What the ruling rests on.
#[derive(Serialize)]
struct Evidence {
    your_hash: Option<Digest>,
    worker_hash: Option<Digest>,
    relayed_hash: Option<Digest>,
    /// Whose signature stands under the receipt.
    vouched_by: Option<&'static str>,
    receipt: String,
    /// Where the log has the receipt.
    receipt_tx: Option<String>,
}

#[derive(Serialize)]
struct Moved {
    at: String,
    event: String,
    from: String,
    to: String,
    credits: Box<RawValue>,
    tx: Option<String>,
}

/// `GET /v1/jobs/{id}/dispute`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
) -> Result<Json<View>, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    let store = app.engine.store();
    let journal = store.journal(job.id).await.map_err(EngineError::from)?;
    let opened = journal.iter().find(|row| row.event == "disputed");
    let opened = opened
        .ok_or_else(|| Problem::new(Code::DisputeNotFound, "Nobody has disputed the outcome of this job."))?;
    let (ruled_at, ruled) = journal.iter().find_map(|row| Some((seconds(row.at), row.ruling()?))).unzip();
    let transfers = store.job_transfers(job.id).await.map_err(EngineError::from)?;
    Ok(Json(View {
        object: "dispute",
        job_id: job.public_id.text.to_string(),
        status: if matches!(job.state, JobState::Disputed { .. }) { "open" } else { "ruled" },
        opened_at: seconds(opened.at),
        deadline: seconds(opened.at + job.policy.arbitration.within),
        ruled_at,
        ruling: ruled.map(|(ruling, _)| word(ruling)),
        client_share_bp: ruled.and_then(|(ruling, _)| match ruling {
            Ruling::Divided { client } => Some(client.0),
            Ruling::ForWorker | Ruling::ForClient => None,
        }),
        decided_by: ruled.map(|(_, judge): (Ruling, Judge)| judge.name()),
        evidence: evidence(&app, &job, opened.claim(), &journal).await?,
        transfers: transfers.into_iter().map(Moved::from).collect(),
    }))
}

async fn evidence(
    app: &App,
    job: &Job,
    claim: Option<Sha256>,
    journal: &[JournalRow],
) -> Result<Evidence, Problem> {
    let hashes = Hashes::of(app, job).await?;
    let settled = journal.iter().find(|row| row.event == "settled");
    Ok(Evidence {
        your_hash: claim.map(Digest::from),
        worker_hash: hashes.as_ref().map(|hashes| hashes.worker),
        relayed_hash: hashes.as_ref().map(|hashes| hashes.relayed),
        vouched_by: hashes.as_ref().map(|hashes| match hashes.voucher {
            Voucher::Worker => "worker",
            Voucher::Coordinator => "coordinator",
        }),
        receipt: format!("/v1/jobs/{}/receipt", job.public_id.text),
        receipt_tx: settled.and_then(|row| row.leaf_index).map(log_reference),
    })
}

impl From<TransferRow> for Moved {
    fn from(row: TransferRow) -> Self {
        Self {
            at: seconds(row.at),
            event: row.event,
            from: row.from.to_string(),
            to: row.to.to_string(),
            credits: credits(row.amount.units),
            tx: row.log_index.map(log_reference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_says_who_is_right() {
        let [said, other] = [b"said".as_slice(), b"other"].map(Digest::of);
        let decided = |worker, voucher| Hashes { worker, relayed: said, voucher }.decided();
        assert_eq!(decided(said, Voucher::Worker), Some(Ruling::ForWorker));
        assert_eq!(decided(said, Voucher::Coordinator), None);
        // Such a receipt is not taken any more; one that was taken before is decided on.
        assert_eq!(decided(other, Voucher::Worker), Some(Ruling::ForClient));
    }
}
