//! Answers that break off after the client had some of them: what he has is paid, on the coordinator's word.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::relay::Told;
use docket_core::command::{Charge, Command};
use docket_core::event::{Conduct, Delivery, Fault, Usage, Voucher};
use docket_core::hash::Sha256;
use docket_core::id::{Attempt, WorkerId};
use docket_core::job::{Job, State};
use docket_protocol::answer::Extras;
use docket_protocol::digest::Digest;
use docket_protocol::receipt::{self, FullReceipt, ReceiptForm, receipt_hash_of};
use docket_store::{Documents, ResultDocument};
use serde::Serialize;

/// As much of an output as its client has.
#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
    model: Option<&'a str>,
    #[serde(flatten)]
    extras: &'a Extras,
}

impl Engine {
    /// What has to be done in place of a command that would end an attempt of which the client has a part already;
    /// `None` if the command may be carried out as it is.
    pub(crate) async fn instead(
        &self,
        job: &Job,
        command: &Command,
    ) -> Result<Option<(Command, Documents)>, EngineError> {
        if job.policy.stream_within.is_none() {
            return Ok(None);
        }
        let State::Running { worker, attempt, by } = job.state else { return Ok(None) };
        let reason = match command {
            Command::Return { attempt: given, reason } if *given == attempt => *reason,
            Command::Lapse { .. } if self.clock.now() >= by => Fault::TimedOut,
            Command::Cancel { by } => (*by).into(),
            _ => return Ok(None),
        };
        // What nobody was told may be said by another worker, so from here on nobody is told any more of it.
        let Some(told) = self.break_off(job.id, worker) else { return Ok(None) };
        let payload = self.store.payload(job.id).await?.unwrap_or_default();
        Ok(Some(self.part(job, (worker, attempt), &told, reason, &payload)))
    }

    fn part(
        &self,
        job: &Job,
        (worker, attempt): (WorkerId, Attempt),
        told: &Told,
        reason: Fault,
        payload: &[u8],
    ) -> (Command, Documents) {
        let output = Part { text: &told.text, model: job.ask.model.as_deref(), extras: &told.extras };
        let output = serde_json::to_string(&output).expect("texts and JSON can always be written");
        let receipt = self.vouch(job, (worker, attempt), told, &output, payload).signed_bytes();
        let delivery = Delivery {
            by: worker.into(),
            attempt,
            output: Sha256::of(output.as_bytes()).into(),
            receipt: Sha256(receipt_hash_of(None, Some(&receipt), None).0),
            voucher: Voucher::Coordinator,
            usage: Usage { input: 0, output: told.tokens },
            conduct: Conduct { staked: self.stakes(job, &worker), ..Conduct::default() },
        };
        let charge = Charge::Exactly(job.policy.charge(job.escrow, told.tokens, false));
        let result = ResultDocument {
            output: output.into_bytes().into(),
            receipt: [b"{\"full\":", receipt.as_slice(), b"}"].concat().into(),
            decision: crate::decision::keep(
                &self.roster.fleet().decision(&worker, job.id).unwrap_or_default(),
            )
            .into(),
        };
        let documents = Documents { result: Some(result), ..Documents::default() };
        (Command::BreakOff { delivery, charge, reason }, documents)
    }

    /// The receipt that no worker signed: the log's checkpoint is the coordinator's signature under it.
    fn vouch(
        &self,
        job: &Job,
        (worker, attempt): (WorkerId, Attempt),
        told: &Told,
        output: &str,
        payload: &[u8],
    ) -> FullReceipt {
        let terms = self.terms(job, payload);
        FullReceipt {
            asset: terms.asset,
            assigned_at_ms: job.created_at.0,
            attempt: attempt.into(),
            client: terms.client,
            completed_at_ms: self.clock.now().0,
            dispatch: None,
            format: ReceiptForm::V1,
            hold: terms.hold,
            job_id: job.public_id.text.to_string(),
            model: terms.model,
            network: terms.network,
            output_hash: Digest::of(output.as_bytes()),
            price: terms.price,
            request_hash: terms.request_hash,
            sampler: None,
            text_hash: Some(Digest::of(told.text.as_bytes())),
            usage: receipt::Usage { completion_tokens: told.tokens, prompt_tokens: 0 },
            worker: worker.to_string(),
        }
    }
}
