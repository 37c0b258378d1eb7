//! How long a worker that failed again and again gets nothing, also if it goes and comes back.

use super::Member;
use docket_core::event::{Event, Fault};
use docket_core::id::WorkerId;
use docket_core::routing::cooldown;
use docket_core::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// How long failures in a row are remembered of a worker that is not there.
const REMEMBERED: Millis = Millis::seconds(600);
/// Of how many workers.
const WORKERS: usize = 10_000;

/// What a worker's last jobs mean for its next.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Rest {
    pub(super) failures_in_a_row: u32,
    /// It gets nothing before.
    pub(super) until: Option<Timestamp>,
}

/// The failures of those who are not there.
#[derive(Default)]
pub(super) struct Rests(BTreeMap<WorkerId, (Rest, Timestamp)>);

impl Rests {
    /// Remembers a worker that leaves, for a while.
    pub(super) fn keep(&mut self, worker: WorkerId, rest: Rest, now: Timestamp) {
        if rest.failures_in_a_row == 0 {
            return;
        }
        if self.0.len() >= WORKERS {
            self.0.retain(|_, (_, until)| now < *until);
        }
        if self.0.len() < WORKERS {
            self.0.insert(worker, (rest, now + REMEMBERED));
        }
    }

    /// What is remembered of a worker that comes back.
    pub(super) fn take(&mut self, worker: &WorkerId, now: Timestamp) -> Option<Rest> {
        self.0.remove(worker).filter(|(_, until)| now < *until).map(|(rest, _)| rest)
    }
}

impl Member {
    /// What its last jobs mean for its next, wherever it is connected.
    pub(super) const fn rest(&self) -> Rest {
        Rest { failures_in_a_row: self.failures_in_a_row, until: self.candidate.cooling_until }
    }

    /// Whether the worker must rest is decided by its last jobs alone.
    pub(super) fn learn(&mut self, event: &Event, fault: Option<Fault>, now: Timestamp) {
        if fault.is_some_and(Fault::blames_worker) {
            self.failures_in_a_row += 1;
            self.candidate.cooling_until = cooling(self.failures_in_a_row, now);
        } else if event.delivery().is_some() && fault.is_none() {
            self.failures_in_a_row = 0;
            self.candidate.cooling_until = None;
        }
    }
}

fn cooling(failures: u32, now: Timestamp) -> Option<Timestamp> {
    let span = cooldown(failures);
    (span.0 > 0).then(|| now + span)
}
