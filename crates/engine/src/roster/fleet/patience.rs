//! How long the fleet waits for whom.

use super::{Fleet, Member};
use crate::roster::Connection;
use crate::{RESUME_GRACE, RETRY};
use docket_core::id::{Attempt, JobId};
use docket_core::time::{Millis, Timestamp};

/// How many workers are looked at in a millisecond at most, on the average.
const LOOKED_AT: i64 = 100;

/// When a worker that was last seen at an instant is gone.
pub(super) fn silent_from(last_seen: Timestamp, patience: Millis) -> Timestamp {
    last_seen + patience + Millis(1)
}

/// When a worker that left at an instant is not expected back any more.
pub(super) fn given_up_from(left: Timestamp) -> Timestamp {
    left + RESUME_GRACE
}

impl Fleet {
    /// Jobs whose worker did not come back in time.
    pub(crate) fn overdue(&self, now: Timestamp) -> Vec<(JobId, Attempt)> {
        let gone = self.gone.iter().filter(|(_, left)| given_up_from(**left) <= now);
        let members = gone.filter_map(|(worker, _)| self.members.get(worker));
        // A job that is just being given has no attempt yet; the next look finds it.
        members
            .flat_map(|member| member.held.iter().filter_map(|(job, held)| Some((*job, held.attempt?))))
            .collect()
    }

    /// Connections that gave no sign for too long.
    pub(crate) fn silent(&self, now: Timestamp) -> Vec<Connection> {
        let silent = |member: &&Member| silent_from(member.candidate.last_seen, member.patience) <= now;
        self.members.values().filter(silent).filter_map(|member| member.connection).collect()
    }

    /// Somebody must be looked at then.
    pub(super) fn look_at(&mut self, at: Timestamp) {
        self.next_look = Some(self.next_look.map_or(at, |next| next.min(at)));
    }

    /// Reckons anew when somebody must be looked at: who is silent, who is away, who rests. Everybody was looked at a while
    /// ago; what was due even then could not be done, and what has become due since is due.
    pub(crate) fn plan_next_look(&mut self, looked_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let connected = || self.members.values().filter(|member| member.connection.is_some());
        let silent = connected().map(|member| silent_from(member.candidate.last_seen, member.patience));
        let rested = connected().filter_map(|member| member.candidate.cooling_until);
        let rested = rested.filter(|at| *at > looked_at);
        let given_up = self.gone.values().map(|left| given_up_from(*left));
        let unwritten = self.attendance.waits().then_some(looked_at);
        let all = silent.chain(rested).chain(given_up).chain(unwritten);
        // To look means to look at everybody: at many, not more often than they are worth.
        let soonest = now + Millis(i64::try_from(self.members.len()).unwrap_or(i64::MAX) / LOOKED_AT);
        self.next_look = all.map(|at| if at <= looked_at { now + RETRY } else { at.max(soonest) }).min();
        self.next_look
    }

    /// When somebody must be looked at.
    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        self.next_look
    }
}
