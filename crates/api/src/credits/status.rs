//! How far a job has come, in this dialect's words.

use docket_core::event::{Fault, Voucher};
use docket_core::job::{Job, State};
use docket_core::policy::Ruling;
use docket_engine::Stage;

/// The words of the page.
pub(super) fn all() -> [&'static str; 7] {
    Stage::ALL.map(word)
}

/// What a word of the page stands for.
pub(super) fn stage(status: &str) -> Option<Stage> {
    Stage::ALL.into_iter().find(|stage| word(*stage) == status)
}

/// The word for a state. After a ruling a job is `settled` unless all went back to the client.
pub(super) const fn status(state: &State) -> &'static str {
    word(Stage::of(state))
}

const fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => "pending",
        Stage::Running => "processing",
        Stage::Submitted => "settling",
        Stage::Settled => "settled",
        Stage::Failed => "failed",
        Stage::Returned => "refunded",
        Stage::Disputed => "disputed",
    }
}

/// Why a job came to nothing; `None` if it did not.
pub(super) const fn failure(state: &State) -> Option<Fault> {
    match state {
        State::Closed { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// Whether the client has only a part of the answer.
pub(super) fn is_broken(job: &Job) -> bool {
    job.delivery().is_some_and(|delivery| delivery.voucher == Voucher::Coordinator)
}

/// What the client pays in the end, in minor units; as long as nothing is delivered, what is held.
pub(super) fn charged(job: &Job) -> u128 {
    let Some(delivery) = job.delivery() else {
        return if job.state.is_final() { 0 } else { job.price.units };
    };
    let whole = job.policy.charge(job.price, delivery.usage.output, !is_broken(job));
    match job.state {
        State::Arbitrated { ruling: Ruling::ForClient, .. } | State::Rejected { .. } => 0,
        State::Arbitrated { ruling: Ruling::Divided { client }, .. } => {
            whole.units - whole.share(client).units
        }
        _ => whole.units,
    }
}
