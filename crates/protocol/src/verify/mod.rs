//! What a bundle proves, by whose key, and what it does not: offline, with the keys that the reader pins.
//!
//! A key that stands in the bundle is never trusted where one is pinned, and is called self-claimed where none is.

mod completion;
mod log_proof;
mod receipts;
mod transfers;

use crate::keys::PublicKey;
use crate::log::{Checkpoint, VerifierKey};
use crate::receipt::Bundle;
use crate::wallet::Address;
use docket_core::merkle::Hash;
use serde::Serialize;
use std::fmt;

/// What the reader knows from elsewhere. The more is pinned, the more can be proven.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    /// The job that was asked for.
    pub job_id: Option<String>,
    /// The key of the worker.
    pub worker_key: Option<PublicKey>,
    /// The wallet of the node that did it, where a wallet is all that the node has.
    pub wallet: Option<Address>,
    /// The coordinator's key for its log, with the name of the log.
    pub coordinator_vkey: Option<VerifierKey>,
    /// The output as the reader received it: the text of the answer where a wallet signed for it, and else the bytes that
    /// are in the bundle.
    pub output: Option<Vec<u8>>,
    /// An earlier or later checkpoint of the same log that the reader verified and kept.
    pub seen: Option<Seen>,
}

/// A checkpoint that the reader kept.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The consistency proof between it and the one in the bundle, from the smaller to the larger.
    pub proof: Option<Vec<Hash>>,
}

/// What may be claimed of a bundle. In the order in which a verdict lists them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// It is about the job that was asked for.
    Job,
    /// The worker is the one the reader knows.
    WorkerKey,
    /// The worker signed the short receipt.
    ShortReceipt,
    /// Whoever states the full receipt signed it.
    FullReceipt,
    /// The node's wallet signed which answer it gave.
    Completion,
    /// All parts speak of one job, one worker and one output.
    Agreement,
    /// The output is the one that the receipts name.
    Output,
    /// The text in the output is the one that the full receipt names.
    Text,
    /// The log's entry names exactly these receipts.
    LogEntry,
    /// So much moved, from whom to whom, when the entry was made.
    Transfers,
    /// The entry is in the log.
    Inclusion,
    /// The coordinator signed the root of the log.
    Checkpoint,
    /// The log still has all that it had at the checkpoint that the reader kept.
    Consistency,
    /// Something for which there is only the coordinator's word.
    Vouched,
}

/// Whether a claim holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// By mathematics and the keys that the reader knows, or by the key that the finding names.
    Proven,
    /// Neither proven nor disproven; the detail says what is missing.
    NotProven,
    /// The bundle contradicts it.
    False,
}

/// One claim, judged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What is claimed.
    pub claim: Claim,
    /// Whether it holds.
    pub holds: Holds,
    /// The key on which it rests: a worker's in hexadecimal, a wallet's address or a log's name. Empty if on none.
    pub by: String,
    /// In words, for a person.
    pub detail: String,
}

/// All that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verdict {
    /// In the order of [`Claim`].
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing is false. What is not proven stays so: look at the findings that matter to you.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds != Holds::False)
    }

    /// How a claim stands; the worst, if there are several findings. `None` if it does not arise.
    pub fn holds(&self, claim: Claim) -> Option<Holds> {
        self.findings.iter().filter(|finding| finding.claim == claim).map(|finding| finding.holds).max()
    }
}

/// Judges a bundle.
pub fn verify(bundle: &Bundle, pins: &Pins) -> Verdict {
    let mut findings = Findings::default();
    let log = log_proof::judge(bundle, pins, &mut findings);
    match &bundle.completion {
        Some(completion) => completion::judge(bundle, completion, pins, &mut findings),
        None => receipts::judge(bundle, pins, log.as_deref(), &mut findings),
    }
    for code in &bundle.vouched {
        let by = log.as_deref().unwrap_or_default();
        findings.not_proven(Claim::Vouched, by, format!("only its word for {code}"));
    }
    let mut findings = findings.0;
    findings.sort_by_key(|finding| finding.claim);
    Verdict { findings }
}

/// The job that the bundle names first.
fn job_of(bundle: &Bundle) -> Option<&str> {
    match &bundle.completion {
        Some(completion) => Some(&completion.job_id),
        None => receipts::named(bundle).map(|(job, _)| job),
    }
}

/// Findings as they are made.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn proven(&mut self, claim: Claim, by: &str, detail: impl Into<String>) {
        self.add(claim, Holds::Proven, by, detail.into());
    }

    fn not_proven(&mut self, claim: Claim, by: &str, detail: impl Into<String>) {
        self.add(claim, Holds::NotProven, by, detail.into());
    }

    fn wrong(&mut self, claim: Claim, by: &str, detail: impl Into<String>) {
        self.add(claim, Holds::False, by, detail.into());
    }

    /// Texts from the bundle lose their control characters, which could forge a line of the verdict.
    fn add(&mut self, claim: Claim, holds: Holds, by: &str, detail: String) {
        let detail = detail.replace(char::is_control, "\u{fffd}");
        self.0.push(Finding { claim, holds, by: by.to_owned(), detail });
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Job => "job",
            Self::WorkerKey => "worker's key",
            Self::ShortReceipt => "short receipt",
            Self::FullReceipt => "full receipt",
            Self::Completion => "completion",
            Self::Agreement => "agreement",
            Self::Output => "output",
            Self::Text => "text",
            Self::LogEntry => "log entry",
            Self::Transfers => "transfers",
            Self::Inclusion => "inclusion",
            Self::Checkpoint => "checkpoint",
            Self::Consistency => "consistency",
            Self::Vouched => "coordinator's word",
        })
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Proven => "proven",
            Self::NotProven => "not proven",
            Self::False => "FALSE",
        })
    }
}

impl fmt::Display for Verdict {
    /// One line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { claim, holds, by, detail } in &self.findings {
            write!(f, "{holds:<10}  {claim:<18}  {detail}")?;
            writeln!(f, "{}", if by.is_empty() { String::new() } else { format!(" (by {by})") })?;
        }
        Ok(())
    }
}
