//! What enclaves say of entrusted capital: judged, kept whatever it is worth, and counted if somebody vouches for it.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_attestation::{
    Attestation, Mark, Report, Schedule, SoftwareVerifier, State, Verifier, deliverable_hash, judge,
};
use docket_core::agent::capital::{Closed, Valuation, Worth};
use docket_core::agent::hire::Hire;
use docket_core::agent::hire::step::Step;
use docket_core::agent::identity::Wallet;
use docket_core::change::{Change, Claim};
use docket_core::command::Command;
use docket_core::decide::decide;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::PublicId;
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_protocol::canonical;
use docket_protocol::digest::Digest;
use docket_store::{CommitError, Documents, Page, SnapshotDocument, SnapshotRow};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// How far apart attested snapshots of running capital lie at least: each is kept for ever.
const LEAST_APART: Millis = Millis::seconds(60);
/// How many snapshots of a job are kept that settle nothing.
const MOST_UNSETTLING: u64 = 100;
/// How long one of these is at most, in bytes; a usual quote with its collateral is not longer.
const LONGEST_UNSETTLING: usize = 40 * 1024;

/// Who is believed about capital, and when snapshots are due.
#[derive(Clone)]
pub struct Enclaves {
    /// Judges who vouches for a report.
    pub verifier: Arc<dyn Verifier>,
    /// When snapshots are due, and how old they may be.
    pub schedule: Schedule,
    /// Whether anybody could ever be believed. Where not, nobody entrusts capital here: it could not be settled.
    pub anybody: bool,
}

impl Enclaves {
    /// Of a market that believes nobody.
    pub fn none() -> Self {
        let verifier = Arc::new(SoftwareVerifier::default());
        Self { verifier, schedule: Schedule::default(), anybody: false }
    }
}

impl fmt::Debug for Enclaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enclaves").field("schedule", &self.schedule).field("anybody", &self.anybody).finish()
    }
}

impl Engine {
    /// Takes a snapshot. It is kept whatever it is worth; an attested one says what the capital is worth from now on. The
    /// same one again is answered with what became of it. `by` is who brings it, `None` for the market itself.
    ///
    /// # Errors
    /// [`Refusal::NoCapital`] where none is entrusted, [`Refusal::ReportOfOther`] of another job,
    /// [`Refusal::CapitalClosed`] once its worth is final, [`Refusal::NotTakingPart`] for a stranger who brings what nobody
    /// vouches for, and whatever else keeps the job from being valued.
    pub async fn take_snapshot(
        &self,
        id: &PublicId,
        report: Report,
        attestation: Option<Attestation>,
        by: Option<Wallet>,
    ) -> Result<SnapshotRow, EngineError> {
        if report.job_id() != &*id.text {
            return Err(Refusal::ReportOfOther.into());
        }
        let (id, texts) = (id.clone(), Texts::of(&report, attestation.as_ref())?);
        let brought = Brought { report, attestation, by, texts };
        self.begin(|engine| async move { engine.keep_snapshot(&id, &brought).await }).await
    }

    async fn keep_snapshot(&self, id: &PublicId, brought: &Brought) -> Result<SnapshotRow, EngineError> {
        let texts = &brought.texts;
        for _ in 0..ATTEMPTS {
            let job = self.hired(id).await?;
            let hire = job.hire.as_deref().ok_or(Refusal::NoSuchJob)?;
            let claim = texts.claim(id);
            if self.store.claim(&claim.key).await?.is_some() {
                return self.kept(&job, texts).await;
            }
            match self.value(&job, hire, brought, claim).await {
                Ok(row) => return Ok(row),
                Err(CommitError::Conflict) => {} // It is judged again, by the job as it is now.
                Err(CommitError::Repeated(_)) => return self.kept(&job, texts).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    async fn value(
        &self,
        job: &Job,
        hire: &Hire,
        brought: &Brought,
        claim: Claim,
    ) -> Result<SnapshotRow, CommitError> {
        let Brought { report, attestation, by, texts } = brought;
        let Enclaves { verifier, schedule, .. } = &self.config.enclaves;
        let now = self.clock.now();
        if hire.order.capital.is_none() {
            return Err(Refusal::NoCapital.into());
        }
        let start = Mark::start(hire.begun_at.unwrap_or(job.created_at));
        let last = hire.valuation.as_ref().map_or(start, Mark::of);
        let judgement = judge(report, attestation.as_ref(), &**verifier, schedule, now, last);
        let document = SnapshotDocument {
            job: job.id,
            received_at: now,
            worth: judgement.worth(),
            flaw: judgement.code().map(Into::into),
            report: texts.report.clone(),
            attestation: texts.attestation.clone(),
        };
        let documents = Documents { snapshot: Some(document.clone()), ..Documents::default() };
        let valuation = attestation.as_ref().filter(|_| judgement.worth().may_settle());
        let Some(valuation) = valuation.map(|attestation| valuation_of(report, attestation)) else {
            // What the market has itself and another has overtaken is nobody's word against anybody.
            let by = by.ok_or(Refusal::NotNewer)?;
            if !hire.seats().any(|(_, seat)| seat.owner == by) {
                return Err(Refusal::NotTakingPart.into());
            }
            if hire.provider.is_none() {
                return Err(Refusal::NotNow { state: job.state.name(), command: "value" }.into());
            }
            if texts.len() > LONGEST_UNSETTLING {
                return Err(Refusal::SnapshotTooLong.into());
            }
            let [all, attested] =
                [None, Some(Worth::Attested)].map(|worth| self.store.count_snapshots(job.id, worth));
            if all.await?.saturating_sub(attested.await?) >= MOST_UNSETTLING {
                return Err(Refusal::TooManySnapshots.into());
            }
            self.commit(Change::of_claim(claim, now), documents).await?;
            return Ok(SnapshotRow { document, leaf_index: None });
        };
        let apart = LEAST_APART.min(schedule.interval);
        let is_early = |known: Valuation| valuation.at.since(known.at) < apart;
        if valuation.closed.is_none() && hire.valuation.is_some_and(is_early) {
            return Err(Refusal::TooSoon.into());
        }
        let event = decide(job, &Command::Hire(Step::Value { valuation }), now)?;
        let change = Change { claim: Some(claim), ..Change::of(job, event.clone(), now) };
        let executed = self.commit_decided(job, &event, change, documents).await?;
        Ok(SnapshotRow { document, leaf_index: executed.log_index })
    }

    /// A snapshot that came before, among the last hundred.
    async fn kept(&self, job: &Job, texts: &Texts) -> Result<SnapshotRow, EngineError> {
        let last = self.store.snapshots(job.id, Page { skip: 0, limit: 100 }).await?;
        let same = |row: &SnapshotRow| {
            row.document.report == texts.report && row.document.attestation == texts.attestation
        };
        Ok(last.into_iter().find(same).ok_or(Refusal::NotNewer)?)
    }

    /// A page of what enclaves have said of a job's capital, the newest first.
    pub async fn snapshots(&self, job: &Job, page: Page) -> Result<Vec<SnapshotRow>, EngineError> {
        // Lists have many jobs, and hardly any has capital: of the others nothing is read.
        match job.hire.as_ref().and_then(|hire| hire.order.capital) {
            Some(_) => Ok(self.store.snapshots(job.id, page).await?),
            None => Ok(Vec::new()),
        }
    }

    /// How many there are.
    pub async fn count_snapshots(&self, job: &Job) -> Result<u64, EngineError> {
        Ok(self.store.count_snapshots(job.id, None).await?)
    }

    /// Who is believed about capital here.
    pub const fn enclaves(&self) -> &Enclaves {
        &self.config.enclaves
    }
}

/// A snapshot as it came.
struct Brought {
    report: Report,
    attestation: Option<Attestation>,
    by: Option<Wallet>,
    texts: Texts,
}

/// A snapshot in the forms in which it is kept.
struct Texts {
    report: Arc<str>,
    attestation: Option<Arc<str>>,
}

impl Texts {
    fn of(report: &Report, attestation: Option<&Attestation>) -> Result<Self, Refusal> {
        let text = |value: &Value| -> Result<Arc<str>, Refusal> {
            let bytes = canonical::to_vec(value).map_err(|_| Refusal::ReportOfOther)?;
            Ok(String::from_utf8_lossy(&bytes).into())
        };
        let attestation = attestation.map(|attestation| text(&attestation.to_value())).transpose()?;
        Ok(Self { report: text(&report.to_value())?, attestation })
    }

    fn len(&self) -> usize {
        self.report.len() + self.attestation.as_ref().map_or(0, |text| text.len())
    }

    /// The same snapshot is taken once.
    fn claim(&self, id: &PublicId) -> Claim {
        let attestation = self.attestation.as_deref().unwrap_or_default();
        let request = Sha256::of(format!("{}\n{attestation}", self.report).as_bytes());
        Claim { key: format!("agent/snapshot/{}/{request}", id.text).into(), request, answer: id.clone() }
    }
}

/// What an attested report says.
fn valuation_of(report: &Report, attestation: &Attestation) -> Valuation {
    let closed = match report.state() {
        State::Running => None,
        State::Closed(reason) => {
            let signature = attestation.signed().signature_text();
            let deliverable = ContentHash(deliverable_hash(&signature, report.reported_value()));
            Some(Closed { reason, deliverable })
        }
    };
    let Digest(report_digest) = report.digest();
    Valuation {
        at: report.at(),
        sequence: report.sequence(),
        report: Sha256(report_digest),
        value: report.reported_value(),
        closed,
    }
}
