//! When a worker that leaves stops to wait, and when a worker without work says so. It is told the time.

use std::time::Duration;
use tokio::time::Instant;

/// How long finished work may wait for its judgement once nothing runs any more.
const JUDGED_WITHIN: Duration = Duration::from_secs(5);

/// The times of one worker.
#[derive(Debug)]
pub(crate) struct Timing {
    grace: Duration,
    idle_after: Duration,
    leaving: Option<Leaving>,
    /// Only while connected.
    idle: Option<Idle>,
}

#[derive(Debug)]
struct Leaving {
    hand_back_at: Instant,
    leave_at: Instant,
}

#[derive(Debug)]
struct Idle {
    since: Instant,
    tell_at: Instant,
}

impl Timing {
    pub(crate) const fn new(grace: Duration, idle_after: Duration) -> Self {
        Self { grace, idle_after, leaving: None, idle: None }
    }

    /// The worker was told to stop.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.leave_by(now + self.grace);
    }

    fn leave_by(&mut self, hand_back_at: Instant) {
        self.leaving = Some(Leaving { hand_back_at, leave_at: hand_back_at + JUDGED_WITHIN });
    }

    /// Whether the worker was told to stop.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Whether jobs that still run have had their time.
    pub(crate) fn must_hand_back(&self, now: Instant) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| now >= leaving.hand_back_at)
    }

    /// Whether nothing is waited for any more.
    pub(crate) fn must_leave(&self, now: Instant) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| now >= leaving.leave_at)
    }

    /// A connection begins or ends; with it the time without work.
    pub(crate) fn set_connected(&mut self, connected: bool, now: Instant) {
        self.idle = connected.then(|| Idle { since: now, tell_at: now + self.idle_after });
    }

    /// Jobs run, or none does. Gives the time without work where it should be told: at first after the configured
    /// time, then each time it has doubled, so that a quiet night does not fill a log.
    pub(crate) fn note(&mut self, running: usize, now: Instant) -> Option<Duration> {
        let idle = self.idle.as_mut()?;
        if running > 0 {
            self.set_connected(true, now);
            return None;
        }
        let idle_for = now - idle.since;
        let tell = now >= idle.tell_at;
        if tell {
            idle.tell_at = now + idle_for;
        }
        if self.leaving.as_ref().is_some_and(|leaving| now < leaving.hand_back_at) {
            self.leave_by(now); // nobody needs the rest of the grace
        }
        tell.then_some(idle_for)
    }

    /// When something here will be due next.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let leaving = self.leaving.iter().flat_map(|leaving| [leaving.hand_back_at, leaving.leave_at]);
        let idle = self.idle.iter().map(|idle| idle.tell_at);
        leaving.chain(idle).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn running_jobs_have_the_grace_and_judgements_a_little_longer() {
        let start = Instant::now();
        let mut timing = Timing::new(s(30), s(60));
        timing.set_connected(true, start);
        assert!(!timing.must_leave(start + s(1000)));
        timing.leave(start);
        assert_eq!(timing.note(1, start + s(29)), None);
        assert!(!timing.must_hand_back(start + s(29)) && timing.must_hand_back(start + s(30)));
        assert!(!timing.must_leave(start + s(34)) && timing.must_leave(start + s(35)));
        assert_eq!(timing.next(start + s(31)), Some(start + s(35)));
    }

    #[test]
    fn the_grace_ends_with_the_last_job_but_only_where_its_work_can_be_delivered() {
        let start = Instant::now();
        let mut timing = Timing::new(s(30), s(60));
        timing.leave(start);
        timing.note(0, start + s(2));
        assert!(!timing.must_leave(start + s(34)), "there is no connection");
        timing.set_connected(true, start + s(3));
        timing.note(0, start + s(4));
        assert!(!timing.must_leave(start + s(8)) && timing.must_leave(start + s(9)));
        timing.note(0, start + s(8));
        assert!(timing.must_leave(start + s(9)), "the time is not given twice");
    }

    #[test]
    fn time_without_work_is_told_when_it_has_doubled() {
        let start = Instant::now();
        let mut timing = Timing::new(s(30), s(60));
        let told = |timing: &mut Timing, running, at| timing.note(running, start + s(at));
        assert_eq!(told(&mut timing, 0, 1000), None, "not while nobody is connected");
        timing.set_connected(true, start);
        let times: Vec<_> = (0..300).filter(|at| told(&mut timing, 0, *at).is_some()).collect();
        assert_eq!(times, [60, 120, 240]);
        assert_eq!(told(&mut timing, 1, 300), None);
        assert_eq!(told(&mut timing, 0, 359), None);
        assert_eq!(told(&mut timing, 0, 360), Some(s(60)));
    }
}
