//! Clients who follow an answer as it is given, go away, and withdraw what they do not come back for.

use super::acts::see;
use super::market::Market;
use super::reports::Report;
use docket_core::command::{Canceller, Command};
use docket_core::id::PublicId;
use docket_core::time::{Millis, Timestamp};
use docket_engine::Mark;

/// How long a client who went away may take to come back.
const GRACE: Millis = Millis::seconds(5);

/// What a task is called in which somebody follows an answer.
const FOLLOWING: &str = "following ";

/// Clients who have gone away, and until when each may come back.
pub(crate) type Left = Vec<(PublicId, Timestamp)>;

impl Market {
    /// A client follows the answer to a job: from its beginning, or from a place up to which it was told before.
    pub(super) fn follow(&mut self, id: PublicId) {
        self.left.retain(|(other, _)| *other != id);
        let told = self.streams.told(&id.text);
        let place = (told > 0 && self.dice.percent(50)).then_some(told);
        let (engine, reports, streams) =
            (self.coordinator.engine.clone(), self.reports.clone(), self.streams.clone());
        self.coordinator.tasks.spawn_fragile(format!("{FOLLOWING}{}", id.text), async move {
            let since = reports.read();
            let Ok(Some(job)) = engine.find(&id).await else { return };
            let follower = match place {
                Some(bytes) => engine.follow_from(job.id, bytes),
                None => engine.follow(job.id, Mark::default()),
            };
            if let Some(mut follower) = follower {
                while let Some(news) = follower.next().await {
                    if let Err(wrong) = streams.hear(&id.text, news) {
                        reports.add(Report::Wrong(wrong));
                    }
                }
            }
            let seen = see(&engine, &id).await;
            reports.add(Report::Saw(id, since, seen));
        });
    }

    /// One who follows goes away; he may come back, or not.
    pub(super) fn leave(&mut self) {
        let Some(what) = self.coordinator.tasks.hang_up_on(FOLLOWING) else { return };
        let name = &what[FOLLOWING.len()..];
        self.trace.line(format_args!("a client stops following {name}"));
        let followed = |task: &str| task == what;
        if !self.coordinator.tasks.names().any(followed)
            && let Some(id) = self.promises.jobs.keys().find(|id| &*id.text == name)
        {
            self.left.push((id.clone(), self.clock.now() + GRACE));
        }
    }

    /// Some come back within the grace; what the others asked for is withdrawn.
    pub(super) fn end_graces(&mut self) {
        let now = self.now();
        if !self.left.is_empty() && self.dice.percent(30) {
            let at = self.dice.index(self.left.len());
            let (id, _) = self.left.swap_remove(at);
            return self.follow(id);
        }
        let over = |(_, until): &(PublicId, Timestamp)| *until <= now;
        while let Some(at) = self.left.iter().position(over) {
            let (id, _) = self.left.swap_remove(at);
            self.order_to(id, Command::Cancel { by: Canceller::Client });
        }
    }
}
