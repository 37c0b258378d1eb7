//! What must be done after a change: written with it, carried out at least once.

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

impl EffectKind {
    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Route => "route",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        (name == "route").then_some(Self::Route)
    }
}

/// Who must be told of an event, given the job as it is after it.
pub fn effects(job: &Job, event: &Event) -> Vec<Effect> {
    match event {
        Event::Funded { .. } | Event::Returned { .. } if matches!(job.state, State::Funded { .. }) => {
            vec![Effect { job: job.id, version: job.version, kind: EffectKind::Route }]
        }
        _ => Vec::new(),
    }
}

/// Whether an event leaves nothing to route, so that the outbox may forget the job.
pub const fn ends_routing(event: &Event) -> bool {
    matches!(event, Event::Submitted { .. } | Event::Settled { .. } | Event::Closed { .. })
}
