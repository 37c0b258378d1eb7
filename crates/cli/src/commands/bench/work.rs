//! The jobs of a measured run: what is asked, what is answered, and how a result is checked.

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{JobAssign, JobComplete, JobType, TokenUsage};
use docket_protocol::keys::{PublicKey, Signature, SigningKey};
use docket_protocol::receipt::{DispatchReceipt, SignedDispatch};
use docket_worker::{Work, sign_full_receipts};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::{SystemTime, UNIX_EPOCH};

/// What is committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// A built-in task.
    Task,
    /// Text from a language model.
    Infer,
}

impl Kind {
    /// What workers call it.
    pub(super) const fn job_type(self) -> JobType {
        match self {
            Self::Task => JobType::Task,
            Self::Infer => JobType::LlmInfer,
        }
    }

    /// Where it is committed.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Task => "/v1/jobs/commit/cheap",
            Self::Infer => "/v1/jobs/commit/fast",
        }
    }

    /// What one user commits: about 900 bytes, as for the peers.
    pub(super) fn commit(self, user: usize) -> String {
        let text = "Summarise the following text in plain words. ".repeat(16);
        let payload = match self {
            Self::Task => format!(r#"{{"job_type":"TASK","task_type":"summarize","input":"{text}"}}"#),
            Self::Infer => format!(r#"{{"job_type":"LLM_INFER","prompt":"{text}","max_tokens":64}}"#),
        };
        let job_type = match self {
            Self::Task => "TASK",
            Self::Infer => "LLM_INFER",
        };
        format!(
            r#"{{"job_type":"{job_type}","user_id":"bench-{user}","privacy_class":"PUBLIC","payload":{payload}}}"#
        )
    }

    const fn output(self) -> &'static str {
        match self {
            Self::Task => {
                r#"{"summary":"In plain words: the same sentence, sixteen times, about plain words."}"#
            }
            Self::Infer => r#"{"text":"In plain words: the same sentence, sixteen times.","model":"bench"}"#,
        }
    }
}

/// What a worker answers to jobs that came together, signed in both forms, exactly as our workers sign.
pub(super) fn complete(key: &SigningKey, assigned: &[JobAssign], kind: Kind) -> Result<Vec<JobComplete>> {
    let complete = |assign| Ok(docket_worker::complete(key, assign, work(kind)?));
    let mut completions = assigned.iter().map(complete).collect::<Result<Vec<_>>>()?;
    sign_full_receipts(key, &mut completions);
    Ok(completions)
}

fn work(kind: Kind) -> Result<Work> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    Ok(Work {
        output: RawValue::from_string(kind.output().to_owned())?,
        text_hash: None,
        usage: TokenUsage { prompt_tokens: 160, completion_tokens: 16 },
        model: None,
        sampler: None,
        assigned_at_ms: now,
        completed_at_ms: now,
    })
}

/// The id in the answer to a commit.
pub(super) fn job_id(body: &[u8]) -> Result<&str> {
    #[derive(Deserialize)]
    struct Committed<'a> {
        job_id: &'a str,
    }
    Ok(serde_json::from_slice::<Committed<'_>>(body)?.job_id)
}

/// Whether a job is completed, at the cost of a glance.
pub(super) fn is_completed(body: &[u8]) -> bool {
    const WORD: &[u8] = br#""status":"completed""#;
    body.windows(WORD.len()).any(|part| part == WORD)
}

/// Checks a result as its client would: the receipt names this job, a worker of ours and this output, and is signed.
pub(super) fn check(body: &[u8], job: &str, workers: &[PublicKey]) -> Result<()> {
    #[derive(Deserialize)]
    struct Job<'a> {
        id: &'a str,
        #[serde(borrow)]
        result: Option<&'a RawValue>,
        receipt: Option<Receipt>,
    }
    #[derive(Deserialize)]
    struct Receipt {
        #[serde(flatten)]
        receipt: DispatchReceipt,
        signature: Signature,
    }
    let read: Job<'_> = serde_json::from_slice(body)?;
    let (Some(result), Some(Receipt { receipt, signature })) = (read.result, read.receipt) else {
        bail!("a completed job without its result and receipt: {}", String::from_utf8_lossy(body));
    };
    ensure!(read.id == job && receipt.job_id == job, "asked for the job {job}, got another: {}", read.id);
    let worker = receipt.worker()?;
    ensure!(workers.contains(&worker), "a receipt by a worker that is not ours: {worker}");
    let output = receipt.output().context("the receipt names no output")?;
    ensure!(output == Digest::of(result.get().as_bytes()), "the receipt of {job} is for another output");
    let signed = SignedDispatch { receipt, signature };
    ensure!(signed.is_signed_by(&worker), "the receipt of {job} is not signed by its worker");
    Ok(())
}
