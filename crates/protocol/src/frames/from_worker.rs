//! What a worker says.

use super::{
    Feature, FrameError, JobPart, MAX_EXPLANATION_BYTES, MAX_FRAME_BYTES, NodeOffer, body, feature, kind_of,
    unknown,
};
use crate::attempt::AttemptRef;
use crate::digest::Digest;
use crate::fields;
use crate::keys::Signature;
use crate::receipt::{Batch, DispatchReceipt, FullReceipt, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// A frame from a worker.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The first frame of a connection.
    Register(Box<Register>),
    /// The answer to [`super::Challenge`].
    ChallengeResponse(ChallengeResponse),
    /// Every ten seconds.
    Heartbeat(Heartbeat),
    /// The worker takes the job. Only from workers that declared `accept`.
    JobAccept(JobAccept),
    /// A piece of a streamed answer.
    JobChunk(JobChunk),
    /// The job is done.
    JobComplete(Box<JobComplete>),
    /// A part of a `job_complete` that is larger than a frame.
    JobPart(JobPart),
    /// The worker tried and failed.
    JobFail(JobFail),
    /// The worker does not take the job; another may.
    JobReject(JobReject),
    /// A receipt on its own, before or after `job_complete`.
    ReceiptSubmit(Box<ReceiptSubmit>),
    /// The worker finishes what it has and wants nothing new.
    Drain,
}

/// Reads a frame from a worker.
pub fn decode_from_worker(text: &str) -> Result<FromWorker, FrameError> {
    decode_within(text, MAX_FRAME_BYTES)
}

/// The same, for a text of so many bytes.
pub(super) fn decode_within(text: &str, limit: usize) -> Result<FromWorker, FrameError> {
    let kind = kind_of(text, limit)?;
    Ok(match &*kind {
        "register" => FromWorker::Register(body(&kind, text)?),
        "challenge_response" => FromWorker::ChallengeResponse(body(&kind, text)?),
        "heartbeat" => FromWorker::Heartbeat(body(&kind, text)?),
        "job_accept" => FromWorker::JobAccept(body(&kind, text)?),
        "job_chunk" => FromWorker::JobChunk(body(&kind, text)?),
        "job_complete" => FromWorker::JobComplete(body(&kind, text)?),
        "job_part" => FromWorker::JobPart(body(&kind, text)?),
        "job_fail" => FromWorker::JobFail(body(&kind, text)?),
        "job_reject" => FromWorker::JobReject(body(&kind, text)?),
        "receipt_submit" => FromWorker::ReceiptSubmit(body(&kind, text)?),
        "drain" => FromWorker::Drain,
        other => return Err(unknown(other)),
    })
}

/// Who connects, and what it offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    /// The worker's key in hexadecimal.
    #[serde(deserialize_with = "fields::key_hex")]
    pub provider_pubkey: String,
    /// The kind of machine.
    pub provider_type: ProviderType,
    /// The kinds of jobs it takes.
    #[serde(deserialize_with = "fields::list::<8, _, _>")]
    pub capabilities: Vec<JobType>,
    /// Whatever Dispatch's workers say of their price; nobody relies on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing_hint: Option<Box<RawValue>>,
    /// Whether the worker asks for a challenge, so as to prove that it holds the key.
    #[serde(default, skip_serializing_if = "fields::is_off")]
    pub prove: bool,
    /// What it can run and at what price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// With which wallet it enrols for jobs that ask for a class of hardware. Needs `prove`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeOffer>,
    /// Work that it still has from a connection that broke.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "fields::list::<256, _, _>")]
    pub resume: Vec<Resume>,
    /// Name and version of its software.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<128, _>"
    )]
    pub agent: Option<String>,
}

/// The kind of machine. Phones take only tasks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProviderType {
    /// A computer.
    Desktop,
    /// A phone.
    Seeker,
}

/// The kinds of jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JobType {
    /// Text from a language model.
    LlmInfer,
    /// A built-in task: summarize, classify, extract.
    Task,
}

/// What a worker can run and at what price.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Offer {
    /// The models it serves.
    #[serde(default, deserialize_with = "fields::list::<256, _, _>")]
    pub models: Vec<OfferedModel>,
    /// How many jobs at once, 1 to 256.
    #[serde(deserialize_with = "fields::concurrency")]
    pub concurrency: u16,
    /// A name such as `rtx4090`, for people. For a class that counts see [`NodeOffer`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<64, _>"
    )]
    pub gpu_tier: Option<String>,
    /// A name such as `eu-west`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<64, _>"
    )]
    pub region: Option<String>,
    /// The least it works for, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "fields::optional_decimal")]
    pub price_floor: Option<u128>,
    /// Whether it answers each job with `job_accept`; otherwise the written `job_assign` is the acceptance.
    #[serde(default, skip_serializing_if = "fields::is_off")]
    pub accept: bool,
}

/// A model that a worker serves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferedModel {
    /// As the market calls it.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub name: String,
    /// The digest of its weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_hash: Option<Digest>,
    /// How many tokens it can hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    /// How large it is, for a person to read, such as `8B`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<32, _>"
    )]
    pub parameters: Option<String>,
    /// What it is for, and what it may be asked for, see [`docket_core::feature::Features::declared`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", with = "feature")]
    pub features: BTreeSet<Feature>,
}

/// Work that a worker still has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Resume {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt it got the job.
    pub attempt: AttemptRef,
}

/// The proof that the worker holds its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChallengeResponse {
    /// Over [`crate::keys::registration_text`].
    pub signature: Signature,
}

/// A sign of life.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The worker's key in hexadecimal; must be the key that registered.
    #[serde(deserialize_with = "fields::key_hex")]
    pub provider_pubkey: String,
    /// How busy its machine is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
}

/// How busy a machine is, by its own account.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Percent of all processors.
    #[serde(default)]
    pub cpu_pct: f64,
    /// Percent of the memory.
    #[serde(default)]
    pub mem_pct: f64,
    /// Jobs that it works on.
    #[serde(default)]
    pub active_jobs: u32,
}

/// The worker takes a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobAccept {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt.
    pub attempt: AttemptRef,
}

/// A piece of a streamed answer: of its text, or of what it has beside text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobChunk {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt.
    pub attempt: AttemptRef,
    /// Counts the chunks of this attempt from 0.
    pub seq: u32,
    /// The new text; empty where there is a `delta`.
    pub text: String,
    /// What comes beside text, a [`crate::answer::Delta`], byte for byte as it stood in the frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Box<RawValue>>,
    /// The digest of everything up to the end of this chunk, of each chunk its text or the bytes of its `delta`; see
    /// [`crate::digest::RunningHash`].
    pub running_hash: Digest,
    /// How many tokens the answer has up to the end of this chunk, by the worker's count. Never falls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u32>,
}

/// A job's output, and the receipts for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobComplete {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// The output, byte for byte as it stood in the frame.
    pub output: Box<RawValue>,
    /// What the worker says is the output's digest.
    pub output_hash: Digest,
    /// The short receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<DispatchReceipt>,
    /// Over [`DispatchReceipt::signed_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_signature: Option<Signature>,
    /// Under which attempt. Dispatch's workers know of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptRef>,
    /// What the worker counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUsage>,
    /// The full receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_receipt: Option<Box<FullReceipt>>,
    /// Over [`FullReceipt::signed_bytes`], or over all receipts of `full_batch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_signature: Option<Signature>,
    /// Where the full receipt stands among those that share its signature; absent if it was signed alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_batch: Option<Batch>,
}

impl JobComplete {
    /// The digest of the output as it was received, which is the one that counts.
    pub fn received_hash(&self) -> Digest {
        Digest::of(self.output.get().as_bytes())
    }
}

/// Counted tokens; in frames as JSON numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Those of the question.
    pub prompt_tokens: u32,
    /// Those of the answer.
    pub completion_tokens: u32,
}

impl From<TokenUsage> for Usage {
    fn from(usage: TokenUsage) -> Self {
        Self { prompt_tokens: usage.prompt_tokens.into(), completion_tokens: usage.completion_tokens.into() }
    }
}

/// The worker tried and failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobFail {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Under which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptRef>,
    /// Why, for a person to read; see [`super::clip`].
    #[serde(deserialize_with = "fields::text::<MAX_EXPLANATION_BYTES, _>")]
    pub error: String,
}

/// The worker does not take a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobReject {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Why, for a person to read; see [`super::clip`].
    #[serde(deserialize_with = "fields::text::<MAX_EXPLANATION_BYTES, _>")]
    pub reason: String,
    /// Under which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptRef>,
}

/// A short receipt on its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptSubmit {
    /// The receipt; it names the job.
    pub receipt: DispatchReceipt,
    /// Over [`DispatchReceipt::signed_bytes`].
    pub signature: Signature,
}
