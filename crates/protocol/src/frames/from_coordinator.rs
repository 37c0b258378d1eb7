//! What the coordinator says to a worker.

use super::from_worker::JobType;
use super::{FrameError, MAX_EXPLANATION_BYTES, MAX_FRAME_BYTES, body, kind_of, unknown};
use crate::attempt::AttemptRef;
use crate::digest::Digest;
use crate::fields;
use crate::instant;
use crate::receipt::{FullReceipt, Model};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A frame from the coordinator.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromCoordinator {
    /// Prove that you hold the key.
    Challenge(Challenge),
    /// The worker is registered, or is told why not.
    RegisterAck(Box<RegisterAck>),
    /// The answer to a heartbeat.
    HeartbeatAck,
    /// A job to do.
    JobAssign(Box<JobAssign>),
    /// Stop working on a job.
    JobCancel(JobCancel),
    /// What became of a job; the worker may forget it.
    JobDone(JobDone),
    /// The coordinator is about to stop: finish, and expect nothing new.
    Drain,
    /// A frame was not understood.
    Error(ErrorFrame),
    /// The worker was paid on a chain.
    PaymentPosted(Box<PaymentPosted>),
}

/// Reads a frame from a coordinator.
pub fn decode_from_coordinator(text: &str) -> Result<FromCoordinator, FrameError> {
    let kind = kind_of(text, MAX_FRAME_BYTES)?;
    Ok(match &*kind {
        "challenge" => FromCoordinator::Challenge(body(&kind, text)?),
        "register_ack" => FromCoordinator::RegisterAck(body(&kind, text)?),
        "heartbeat_ack" => FromCoordinator::HeartbeatAck,
        "job_assign" => FromCoordinator::JobAssign(body(&kind, text)?),
        "job_cancel" => FromCoordinator::JobCancel(body(&kind, text)?),
        "job_done" => FromCoordinator::JobDone(body(&kind, text)?),
        "drain" => FromCoordinator::Drain,
        "error" => FromCoordinator::Error(body(&kind, text)?),
        "payment_posted" => FromCoordinator::PaymentPosted(body(&kind, text)?),
        other => return Err(unknown(other)),
    })
}

/// What the worker is to sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Challenge {
    /// Fresh for every connection.
    #[serde(deserialize_with = "fields::name::<128, _>")]
    pub nonce: String,
}

/// The answer to `register`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RegisterAck {
    /// Whether the worker is registered.
    pub status: AckStatus,
    /// How the coordinator calls the worker; empty if it is not registered.
    #[serde(default, deserialize_with = "fields::text::<128, _>")]
    pub worker_id: String,
    /// Why not.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<MAX_EXPLANATION_BYTES, _>"
    )]
    pub error: Option<String>,
    /// Names this connection in logs on both sides.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<64, _>"
    )]
    pub session: Option<String>,
    /// How often to send a heartbeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u32>,
    /// Of the jobs that the worker still had, those that it may go on with. It drops the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "fields::names::<256, _>")]
    pub resumed: Vec<String>,
}

/// Whether a worker is registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckStatus {
    /// It is.
    Ok,
    /// It is not.
    Error,
}

/// A job for this worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobAssign {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// The kind of job.
    pub job_type: JobType,
    /// What is to be done, as the client sent it.
    pub payload: Box<RawValue>,
    /// The client's choice in its dialect, for instance `FAST`.
    #[serde(deserialize_with = "fields::text::<32, _>")]
    pub policy: String,
    /// Who may see it.
    pub privacy_class: PrivacyClass,
    /// Who asked, as the dialect names users.
    #[serde(deserialize_with = "fields::text::<256, _>")]
    pub user_id: String,
    /// To be repeated in every frame about this job.
    pub attempt: AttemptRef,
    /// When the answer comes too late, in milliseconds, by the coordinator's clock.
    #[serde(rename = "deadline", with = "instant")]
    pub deadline_ms: i64,
    /// When this was written, in milliseconds, by the same clock: a worker reckons from it how long it has.
    #[serde(rename = "sent_at", with = "instant")]
    pub sent_at_ms: i64,
    /// What the full receipt has to repeat.
    pub terms: Terms,
    /// Whether the answer is wanted whole: nobody is told of it as it comes.
    #[serde(default, skip_serializing_if = "fields::is_off")]
    pub whole: bool,
    /// Whether the full receipt is enough: nobody will ask for a short one, which need not be made then.
    #[serde(default, skip_serializing_if = "fields::is_off")]
    pub full_receipt_only: bool,
}

/// Who may see a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PrivacyClass {
    /// Any worker.
    Public,
    /// Only workers that the user trusts.
    Private,
}

/// What the full receipt has to repeat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// The network on which the job settles.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub network: String,
    /// Who pays, as workers may know it.
    #[serde(deserialize_with = "fields::text::<256, _>")]
    pub client: String,
    /// The agreed price, in the asset's minor units.
    #[serde(with = "fields::decimal")]
    pub price: u128,
    /// How much is held, in the asset's minor units.
    #[serde(with = "fields::decimal")]
    pub hold: u128,
    /// What the amounts count.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub asset: String,
    /// The digest of the request.
    pub request_hash: Digest,
    /// The model that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
}

impl Terms {
    /// The name of the first field in which a receipt departs from the terms; `None` if it keeps them all.
    ///
    /// Where the terms leave a model's weights open, the receipt may name any.
    pub fn departed_from(&self, receipt: &FullReceipt) -> Option<&'static str> {
        let same_model = match (&self.model, &receipt.model) {
            (None, _) => true,
            (Some(asked), Some(run)) => {
                asked.name == run.name
                    && (asked.weights_hash.is_none() || asked.weights_hash == run.weights_hash)
            }
            (Some(_), None) => false,
        };
        [
            ("network", self.network == receipt.network),
            ("client", self.client == receipt.client),
            ("price", self.price == receipt.price),
            ("hold", self.hold == receipt.hold),
            ("asset", self.asset == receipt.asset),
            ("request_hash", self.request_hash == receipt.request_hash),
            ("model", same_model),
        ]
        .into_iter()
        .find_map(|(name, kept)| (!kept).then_some(name))
    }
}

/// Stop working on a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobCancel {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt.
    pub attempt: AttemptRef,
    /// Why, for a person to read.
    #[serde(deserialize_with = "fields::text::<MAX_EXPLANATION_BYTES, _>")]
    pub reason: String,
}

/// What became of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobDone {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptRef>,
    /// Whether the work counts.
    pub status: DoneStatus,
    /// Why it does not, for a person to read.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<MAX_EXPLANATION_BYTES, _>"
    )]
    pub reason: Option<String>,
    /// Where the log has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
}

/// Whether work counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneStatus {
    /// It was settled.
    Settled,
    /// It was not taken.
    Refused,
}

/// A frame was not understood.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// For programs; see [`FrameError::code`].
    #[serde(deserialize_with = "fields::text::<64, _>")]
    pub code: String,
    /// For people.
    #[serde(deserialize_with = "fields::text::<MAX_EXPLANATION_BYTES, _>")]
    pub message: String,
}

impl From<&FrameError> for ErrorFrame {
    fn from(error: &FrameError) -> Self {
        Self { code: error.code().to_owned(), message: super::clip(&error.to_string()) }
    }
}

/// The worker was paid on a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PaymentPosted {
    /// The transaction.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub tx_hash: String,
    /// The chain.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub network: String,
    /// Where a person can look at it.
    #[serde(deserialize_with = "fields::text::<512, _>")]
    pub explorer_url: String,
    /// What it pays for.
    #[serde(deserialize_with = "fields::names::<1024, _>")]
    pub job_ids: Vec<String>,
    /// How much, as the network writes it.
    #[serde(deserialize_with = "fields::text::<64, _>")]
    pub amount: String,
    /// Of what.
    #[serde(deserialize_with = "fields::text::<64, _>")]
    pub token: String,
}
