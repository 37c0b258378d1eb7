//! What must be done after a change, at least once. Nothing is kept for it: the state of the job says it.

use crate::event::Event;
use crate::id::{JobId, Version};
use crate::job::{Job, State};

/// Something to do that outlives the process. Job and version are its key, so a repeat does nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Effect {
    /// About which job.
    pub job: JobId,
    /// After which of its events.
    pub version: Version,
    /// What.
    pub kind: EffectKind,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum EffectKind {
    /// Find a worker. Done when the job leaves [`State::Funded`] for good.
    Route,
}

/// What a job as it is stored still asks for: the outbox is all open jobs that ask for something.
///
/// An assignment lives in memory only, so a job that has a worker is stored as one that needs one.
pub fn owed(job: &Job) -> Option<Effect> {
    let kind = match job.state {
        // Agents choose each other, and who is challenged is chosen before there is a job.
        State::Funded { .. } if job.hire.is_none() && !job.is_challenge() => EffectKind::Route,
        _ => return None,
    };
    Some(Effect { job: job.id, version: job.version, kind })
}

/// What an event asks for, given the job as it is after it.
pub fn effects(job: &Job, event: &Event) -> Vec<Effect> {
    match event {
        Event::Funded { .. } | Event::Returned { .. } => owed(job).into_iter().collect(),
        _ => Vec::new(),
    }
}
