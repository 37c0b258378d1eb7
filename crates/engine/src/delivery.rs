//! Work arrives: it counts only if its receipt proves it.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::Executed;
use crate::roster::Connection;
use crate::workers::InHand;
use docket_core::command::{Charge, Command};
use docket_core::event::{Conduct, Delivery, Fault, Usage, Voucher};
use docket_core::hash::Sha256;
use docket_core::id::{JobId, PublicId, WorkerId};
use docket_core::receipt::{self, Claims};
use docket_core::refusal::Refusal;
use docket_protocol::answer::Extras;
use docket_store::{Documents, ResultDocument};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// What a worker sent.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The job, by its public id.
    pub job: Arc<str>,
    /// The raw bytes of the output, as they stood in the frame.
    pub output: Arc<[u8]>,
    /// What the worker counted; already bounded by what was relayed.
    pub usage: Usage,
    /// The receipt.
    pub proof: Proof,
}

/// A receipt, read and checked by the protocol.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The job it names.
    pub job: Arc<str>,
    /// The key it names.
    pub worker: WorkerId,
    /// The output it names.
    pub output: Sha256,
    /// The text of the output, if it names that too.
    pub text: Option<Sha256>,
    /// Whether its signature is by the key that it names.
    pub signed: bool,
    /// The digest that the log commits to.
    pub digest: Sha256,
    /// The receipts and their signatures, to be kept.
    pub document: Arc<[u8]>,
}

impl Engine {
    /// Takes delivered work. A receipt that proves nothing fails the attempt, and the job goes on.
    pub async fn deliver(&self, connection: Connection, arrival: Arrival) -> Result<Executed, EngineError> {
        let InHand { worker, job: id, attempt, since, first_text, decision } =
            self.in_hand(connection, &arrival.job)?;
        let job = self.store.open_job(id).ok_or(Refusal::StaleAttempt)?;
        let output = Sha256::of(&arrival.output);
        let checked = check(&arrival.proof, &job.public_id, worker, output);
        let agrees = (job.policy.stream_within.is_none() || self.relayed(id, &arrival.output))
            && arrival.proof.text.is_none_or(|named| is_text_of(&arrival.output, named));
        if let Err(refusal) = checked.and(if agrees { Ok(()) } else { Err(Refusal::ReceiptForOtherOutput) }) {
            let reason = Fault::BadReceipt;
            self.execute(id, &Command::Return { attempt, reason }).await?;
            return Err(refusal.into());
        }
        let now = self.clock.now();
        // What comes all at once has its first text with its last.
        let span = since.map(|since| first_text.unwrap_or(now).since(since));
        let delivery = Delivery {
            by: worker.into(),
            attempt,
            output: output.into(),
            receipt: arrival.proof.digest,
            voucher: Voucher::Worker,
            usage: arrival.usage,
            conduct: Conduct {
                placing: self.firsts.place(&job, span),
                staked: self.stakes(&job, &worker),
                blamed: false,
            },
        };
        let result = ResultDocument {
            output: arrival.output,
            receipt: arrival.proof.document,
            decision: crate::decision::keep(&decision).into(),
        };
        let documents = Documents { result: Some(result), ..Documents::default() };
        let charge = Charge::Exactly(job.policy.charge(job.escrow, delivery.usage.output, true));
        let command = Command::Submit { delivery, charge };
        let executed = self.execute_with(id, &command, documents).await?;
        self.firsts.note(&job, worker, span);
        Ok(executed)
    }

    /// Whether an output is what its client was told.
    fn relayed(&self, job: JobId, output: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Output {
            text: String,
            #[serde(flatten)]
            extras: Extras,
        }
        let output = serde_json::from_slice::<Output>(output);
        output.is_ok_and(|output| self.relay.agrees(job, &output.text, &output.extras))
    }
}

/// Whether the text of an output is what a receipt names; there is nothing to compare where an output has no text.
fn is_text_of(output: &[u8], named: Sha256) -> bool {
    text_of(output).is_none_or(|text| Sha256::of(text.as_bytes()) == named)
}

/// The text of an output; `None` if it has none.
pub(crate) fn text_of(output: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Output<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    serde_json::from_slice::<Output<'_>>(output).ok().map(|output| output.text)
}

fn check(proof: &Proof, job: &PublicId, worker: WorkerId, received: Sha256) -> Result<(), Refusal> {
    let claims = Claims { job: &proof.job, worker: proof.worker, output: proof.output, signed: proof.signed };
    receipt::check(&claims, job, worker, received)
}
