//! Whom a challenge falls on, and when.
//!
//! For each, challenges come as in a lottery that never ends: at any moment as likely as at any other, whatever has been
//! before. Nobody looks at everybody for that. As many are drawn blindly as would be due if all were challenged at the
//! shortest interval, and of these, each is challenged as often as his own interval says.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::agent::identity::Wallet;
use docket_core::enrolment::{Activity, Enrolment};
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::Worker;
use std::collections::BTreeSet;

/// The mean time between two looks. They come at random as well, so that no rhythm tells a challenge from a client's job.
const LOOK_EVERY: Millis = Millis::seconds(5);
/// So many are drawn at a time at most.
const MOST: u64 = 4_096;

impl Engine {
    /// Challenges whom it falls on now.
    pub(super) async fn draw_lots(&self) {
        let Some(elapsed) = self.look() else { return };
        let challenges = self.drawn(elapsed).into_iter().map(|wallet| async move {
            match self.challenge(wallet).await {
                Ok(_) | Err(EngineError::Refused(_)) => {}
                Err(error) => tracing::warn!(%wallet, %error, "a challenge could not be issued"),
            }
        });
        futures::future::join_all(challenges).await;
    }

    /// How much time has passed since the last look, if there is to be one.
    fn look(&self) -> Option<Millis> {
        let (now, next) = (self.clock.now(), self.soon(LOOK_EVERY));
        let mut book = self.challenges.book();
        let elapsed = match book.drawn {
            Some((_, at)) if now < at => return None,
            Some((last, _)) => now.since(last),
            None => Millis(0),
        };
        book.drawn = Some((now, next));
        // Nobody makes up for time in which nothing could be done.
        Some(elapsed.min(self.config.challenges.shortest()))
    }

    /// Those on whom it falls: tested, online, and not more than there is room for.
    fn drawn(&self, elapsed: Millis) -> BTreeSet<Wallet> {
        let terms = &self.config.challenges;
        let room = terms.at_once.saturating_sub(self.challenges.book().open());
        let mut drawn = Vec::new();
        {
            let roll = self.enrolled.roll();
            for _ in 0..draws(roll.count(None), elapsed, terms.shortest(), self.entropy.number()) {
                let Some((node, worker)) = roll.at(self.entropy.number()) else { break };
                let interval = self.interval(&node, &worker);
                let falls = interval.is_some_and(|interval| self.below(interval) < millis(terms.shortest()));
                if falls && !terms.trusted.contains(&node.wallet) {
                    drawn.push((node.wallet, node.worker));
                }
            }
        }
        let fleet = self.roster.fleet();
        let online = drawn.into_iter().filter(|(_, worker)| fleet.presence(worker).is_some());
        online.map(|(wallet, _)| wallet).take(room).collect()
    }

    /// The mean time between two challenges of somebody in milliseconds, if he is tested.
    fn interval(&self, node: &Enrolment, worker: &Worker) -> Option<u64> {
        let terms = &self.config.challenges;
        let interval = match node.state {
            Activity::Active if worker.reputation.passed == 0 => terms.unproven_interval,
            Activity::Active => terms.mean_interval,
            Activity::OnTrial { .. } => terms.trial_interval,
            Activity::Left | Activity::Refuted { .. } => return None,
        };
        Some(millis(interval))
    }

    /// The treasury does not hold enough for a question.
    pub(super) fn note_unfunded(&self) {
        self.meter.count_challenge("unfunded");
        if !std::mem::replace(&mut self.challenges.book().is_unfunded, true) {
            tracing::warn!("the treasury does not hold enough for challenges: none is issued");
        }
    }

    /// It holds enough.
    pub(super) fn note_funded(&self) {
        self.challenges.book().is_unfunded = false;
    }

    /// The instant after which a reference is still good that was made then.
    pub(super) fn oldest(&self) -> Timestamp {
        Timestamp(self.clock.now().0.saturating_sub(docket_core::challenge::reference::GOOD_FOR.0))
    }
}

/// How many are drawn of so many in a time. What is left of a division is made up for by chance.
fn draws(of: usize, elapsed: Millis, interval: Millis, random: u64) -> u64 {
    let due = u64::try_from(of).unwrap_or(u64::MAX).saturating_mul(millis(elapsed));
    let interval = millis(interval);
    let whole = due / interval + u64::from(random % interval < due % interval);
    whole.min(MOST)
}

fn millis(span: Millis) -> u64 {
    span.0.max(1).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn as_many_are_drawn_as_are_due_whatever_the_steps() {
        let entropy = Entropy::seeded(7);
        for (of, step) in [(1, Millis(700)), (3, Millis::seconds(5)), (1_000, Millis::seconds(8))] {
            let steps = 100_000;
            let drawn: u64 =
                (0..steps).map(|_| draws(of, step, Millis::seconds(600), entropy.number())).sum();
            let due = of as u64 * steps * step.0.unsigned_abs() / 600_000;
            assert!(drawn.abs_diff(due) < due / 10 + 40, "{drawn} of {due}");
        }
        assert_eq!(draws(usize::MAX, Millis::hours(1), Millis(1), 0), MOST);
        assert_eq!(draws(0, Millis::hours(1), Millis(1), 0), 0);
    }
}
