//! What an engine holds in memory, counted.

use crate::engine::Engine;

/// Counts of what is under way. In a market at rest all of them are zero but the workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Jobs that are not final.
    pub open_jobs: usize,
    /// Deadlines that are kept.
    pub deadlines: usize,
    /// Effects that are due, and commands whose callers have gone.
    pub effects: usize,
    /// Effects that must wait.
    pub effects_later: usize,
    /// Jobs that wait for somebody to have room.
    pub waiting: usize,
    /// Workers who are connected.
    pub connected: usize,
    /// Workers who are not, and are expected back.
    pub away: usize,
    /// Jobs in workers' hands.
    pub held: usize,
    /// Jobs that are being given to a worker.
    pub being_given: usize,
    /// Jobs for whose answer somebody waits.
    pub awaited: usize,
    /// Answers that are being given, or followed.
    pub relayed: usize,
}

impl Engine {
    /// Counts what is under way.
    pub fn census(&self) -> Census {
        let backlog = self.outbox.backlog();
        let census = Census {
            open_jobs: self.store.open_count(),
            deadlines: self.deadlines.len(),
            effects: backlog.now,
            effects_later: backlog.later,
            awaited: self.watch.len() + self.told.len(),
            relayed: self.relay.len(),
            ..Census::default()
        };
        self.roster.fleet().count(census)
    }
}
