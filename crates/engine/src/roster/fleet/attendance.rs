//! How long workers were connected, until it is on disk.

use super::{Fleet, Member};
use docket_core::id::WorkerId;
use docket_core::time::{Millis, Timestamp};

/// Who stays has its time written so often.
const EVERY: Millis = Millis::hours(6);
/// Less is not worth a write, and counts as not connected.
const LEAST: Millis = Millis::seconds(60);
/// So many visits wait to be written at most; more are forgotten.
const WAITING: usize = 10_000;

/// A span of time in which a worker was connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Visit {
    pub(crate) worker: WorkerId,
    pub(crate) span: Millis,
    pub(crate) until: Timestamp,
}

/// The visits that have ended and are not on disk yet.
#[derive(Default)]
pub(super) struct Attendance(Vec<Visit>);

impl Attendance {
    /// A connection ends now.
    pub(super) fn note(&mut self, member: &Member, now: Timestamp) {
        let visit = member.visit(now);
        if visit.span >= LEAST && self.0.len() < WAITING {
            self.0.push(visit);
        }
    }

    pub(super) fn waits(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Member {
    /// How long it has been connected since that was written last.
    fn visit(&self, now: Timestamp) -> Visit {
        let from = self.known.reputation.watched_until.map_or(self.since, |until| until.max(self.since));
        Visit { worker: self.candidate.id, span: now.since(from), until: now }
    }
}

impl Fleet {
    /// A visit could not be written.
    pub(crate) fn put_back(&mut self, visit: Visit) {
        if self.attendance.0.len() < WAITING {
            self.attendance.0.push(visit);
        }
    }

    /// The visits that are to be written now.
    pub(crate) fn take_visits(&mut self, now: Timestamp) -> Vec<Visit> {
        let mut visits = std::mem::take(&mut self.attendance.0);
        let connected = self.members.values().filter(|member| member.connection.is_some());
        visits.extend(connected.map(|member| member.visit(now)).filter(|visit| visit.span >= EVERY));
        visits
    }
}
